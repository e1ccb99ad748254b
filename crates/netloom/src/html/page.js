(() => {
'use strict';
const $ = (id) => document.getElementById(id);
const root = document.documentElement, stage = $('stage'), world = $('world'), fig = $('figure');
const NS = 'http://www.w3.org/2000/svg';
const svgEl = (name, attributes) => {
  const e = document.createElementNS(NS, name);
  for (const a in attributes) e.setAttribute(a, attributes[a]);
  return e;
};
const el = (name, text, attributes) => {
  const e = document.createElement(name);
  if (text != null) e.textContent = text;
  for (const a in attributes) e.setAttribute(a, attributes[a]);
  return e;
};
const quiet = matchMedia('(prefers-reduced-motion: reduce)');
const dark = matchMedia('(prefers-color-scheme: dark)');
const clamp = (x, a, b) => Math.min(b, Math.max(a, x));

const data = JSON.parse($('frame').textContent);
const index = JSON.parse($('index').textContent);
const state = data.state;
let frame = data.frame;
let explicit = null;            // the set of open modules, once the reader has changed one
const units = new Map();        // key -> {unit, el, at: [x, y]}
let byOperator = new Map();     // operator -> key of the box that shows it
let arrows = new Map();         // key -> {out: [], in: []}
let chosen = null;
const view = {x: 0, y: 0, k: 1};
root.classList.add('js');

/* ---------- the engine ---------- */
const engine = {api: null};
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%()*+,-./:;=?@[]^_{}';
const bytes = async (id) => {
  const text = $(id).textContent, value = new Uint8Array(128);
  for (let i = 0; i < 85; i++) value[DIGITS.charCodeAt(i)] = i;
  const packed = new DataView(new ArrayBuffer(text.length / 5 * 4));
  for (let i = 0, at = 0; i < text.length; i += 5, at += 4) {
    let n = 0;
    for (let j = 0; j < 5; j++) n = n * 85 + value[text.charCodeAt(i + j)];
    packed.setUint32(at, n);
  }
  // Zeros that filled up the last digits stand behind the end and would be taken for damage.
  const size = Number($(id).dataset.size);
  const stream = new Blob([packed.buffer.slice(0, size)]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
};
const call = (name, input) => {
  const x = engine.api;
  const at = x.input(input.length);
  new Uint8Array(x.memory.buffer, at, input.length).set(input);
  const code = x[name]();
  const answer = new TextDecoder().decode(new Uint8Array(x.memory.buffer, x.output(), x.output_len()));
  if (code) throw new Error(answer);
  return answer;
};
const wake = async () => {
  if (!$('engine')) return;
  try {
    const [code, graph] = await Promise.all([bytes('engine'), bytes('graph')]);
    const {instance} = await WebAssembly.instantiate(code, {});
    engine.api = instance.exports;
    if (engine.api.version() !== index.version) throw new Error('the engine is of another version');
    call('load', graph);
    root.classList.add('ready');
    const saved = location.hash;
    for (const u of units.values()) addChevron(u);
    if (saved.length > 1) restore(saved);
  } catch (error) {
    engine.api = null;
    root.classList.add('still');
    console.warn('the figure stays as it is: ' + error.message);
  }
};
const ask = (more) => {
  const asked = {...state, ...more};
  if (explicit) { asked.depth = null; asked.open = [...explicit]; }
  return JSON.parse(call('frame', new TextEncoder().encode(JSON.stringify(asked))));
};

/* ---------- colours ---------- */
const paint = new CSSStyleSheet();
document.adoptedStyleSheets = [paint];
let painted = '';
const colours = (palette) => {
  const list = (i) => palette.map((p, n) => `--c${n}:${p[i]}`).join(';');
  const rules = palette.map((_, n) => `.f${n}{fill:var(--c${n})}.s${n}{stroke:var(--c${n})}`).join('');
  const all = `:root{${list(0)}}:root[data-theme=dark]{${list(1)}}@media(prefers-color-scheme:dark){:root:not([data-theme=light]){${list(1)}}}${rules}`;
  if (all !== painted) paint.replaceSync(painted = all);
};
const isDark = () => root.dataset.theme ? root.dataset.theme === 'dark' : dark.matches;

/* ---------- units ---------- */
const spoken = (u) => {
  const f = u.facts;
  if (!f) return '';
  const what = {module: 'closed module', open: 'open module', layer: 'layer', input: 'input', output: 'output', merge: 'merge', stub: 'value from afar'}[f.kind];
  const rows = f.rows.filter(([n]) => n === 'Parameters' || n === 'Out').map(([n, v]) => (n === 'Out' ? v : v + ' parameters'));
  return [[f.title || f.kind, ...f.bands || []].join(', '), what, f.subtitle, f.repeat > 1 ? f.repeat + ' times' : '', ...rows].filter(Boolean).join(', ');
};
const opens = (u) => (u.facts && /^(module|open)$/.test(u.facts.kind) && u.facts.modules) || null;
const isStop = (u) => u.facts && u.role !== 'edge' && u.facts.kind !== 'stub';

const addChevron = (m) => {
  m.el.querySelector(':scope>.chev')?.remove();
  if (!engine.api || !opens(m.unit)) return;
  const [, , w] = m.unit.place, shut = m.unit.facts.kind === 'module';
  const r = m.unit.role === 'container' ? 7 : 6.5;
  const g = svgEl('g', {class: 'chev', transform: `translate(${w} 0)`, 'aria-hidden': 'true'});
  g.append(svgEl('circle', {class: 'pad', r: 20}), svgEl('circle', {class: 'dot', r}), svgEl('path', {d: shut ? 'M-3 0h6M0-3v6' : 'M-3 0h6'}));
  m.el.append(g);
};
const dress = (m) => {
  const {unit: u, el: g} = m;
  const [, , w, h] = u.place;
  g.setAttribute('class', `u ${u.role}${u.facts ? ' told' : ''}`);
  g.dataset.key = u.key;
  if (u.role === 'edge') {
    const line = g.querySelector('path');
    if (line) g.append(svgEl('path', {class: 'grab', d: line.getAttribute('d')}));
    g.setAttribute('aria-hidden', 'true');
    return;
  }
  if (u.facts) {
    const pad = u.role === 'container' ? 0 : 2.5;
    const radius = u.role === 'container' ? 8 : 5;
    if (u.role === 'note') g.append(svgEl('rect', {class: 'grab', x: -4, y: -4, width: w + 8, height: h + 8}));
    g.append(svgEl('rect', {class: 'ring', x: -pad, y: -pad, width: w + 2 * pad, height: h + 2 * pad, rx: radius}));
  }
  if (isStop(u)) {
    g.setAttribute('tabindex', '0');
    g.setAttribute('role', 'button');
    g.setAttribute('aria-label', spoken(u));
    if (opens(u)) g.setAttribute('aria-expanded', String(u.facts.kind === 'open'));
    else g.removeAttribute('aria-expanded');
  }
  addChevron(m);
};
const place = (m, x, y) => m.el.setAttribute('transform', `translate(${x} ${y})`);
const relate = () => {
  byOperator = new Map();
  arrows = new Map();
  for (const u of frame.units) {
    if (u.ends) {
      const [from, to] = u.ends;
      for (const k of u.ends) if (!arrows.has(k)) arrows.set(k, {out: [], in: []});
      arrows.get(from).out.push([to, u.key]);
      arrows.get(to).in.push([from, u.key]);
    } else if (u.facts && u.role !== 'container') {
      for (const o of u.facts.operators || []) if (!byOperator.has(o)) byOperator.set(o, u.key);
    }
  }
};

/* The figure that came with the page is taken over as it stands. */
const adopt = () => {
  const groups = fig.querySelectorAll(':scope>g.u');
  frame.units.forEach((unit, i) => {
    const g = groups[i];
    if (!g) return;
    unit.svg = g.innerHTML;
    const m = {unit, el: g};
    units.set(unit.key, m);
    dress(m);
  });
  relate();
};

/* ---------- from one frame to the next ---------- */
let running = null;
const NUMBER = /-?\d*\.?\d+/g;
const firstPath = (g) => g.querySelector(':scope>path:not(.grab)');
const tweens = (from, to) => {
  const shape = (d) => d.replace(/[hv]/gi, 'l').replace(NUMBER, '#');
  if (from === to || from.replace(NUMBER, '').replace(/\s/g, '') !== to.replace(NUMBER, '').replace(/\s/g, '')) return null;
  const a = (from.match(NUMBER) || []).map(Number), b = (to.match(NUMBER) || []).map(Number);
  if (a.length !== b.length || !shape) return null;
  const words = to.split(NUMBER);
  return (t) => {
    let d = words[0];
    for (let i = 0; i < b.length; i++) {
      const n = a[i] + (b[i] - a[i]) * t;
      d += (words[i + 1] !== undefined && i && !/[a-z]$/i.test(d) && n >= 0 ? ' ' : '') + Math.round(n * 100) / 100 + words[i + 1].trim();
    }
    return d;
  };
};
const show = (next, anchor, animate = true) => {
  if (running) running(true);
  const still = !animate || quiet.matches;
  const nextKeys = new Set(next.units.map((u) => u.key));
  // A module may go by the name of the block in it that stands for all: it is the same box under another key.
  for (const u of next.units) {
    if (units.has(u.key) || !opens(u)) continue;
    const mine = new Set(u.facts.modules);
    const old = [...units.values()].find((m) => !nextKeys.has(m.unit.key) && opens(m.unit)?.some((n) => mine.has(n)));
    if (!old) continue;
    units.delete(old.unit.key);
    if (anchor === old.unit.key) anchor = u.key;
    if (chosen === old.unit.key) chosen = u.key;
    old.unit = {...old.unit, key: u.key};
    old.el.dataset.key = u.key;
    units.set(u.key, old);
  }
  const had = new Map([...units].map(([k, m]) => [k, {place: m.unit.place, svg: m.unit.svg, role: m.unit.role}]));
  const focused = document.activeElement?.closest?.('.u')?.dataset.key;
  // What the reader acted on stays where it is on the screen.
  let shift = [0, 0];
  const held = anchor && next.units.find((u) => u.key === anchor), old = anchor && had.get(anchor);
  if (held && old) shift = [held.place[0] - old.place[0], held.place[1] - old.place[1]];
  view.x -= shift[0] * view.k;
  view.y -= shift[1] * view.k;

  const ghosts = [];
  const ghost = (node, x, y) => {
    node.removeAttribute('id');
    node.setAttribute('class', 'leave ' + (node.getAttribute('class') || '').replace(/\bu\b|\benter\b/g, ''));
    node.removeAttribute('tabindex');
    node.setAttribute('transform', `translate(${x + shift[0]} ${y + shift[1]})`);
    ghosts.push(node);
  };
  for (const [key, m] of units) {
    if (nextKeys.has(key)) continue;
    units.delete(key);
    m.el.remove();
    if (!still) ghost(m.el, m.unit.place[0], m.unit.place[1]);
  }
  frame = next;
  colours(next.palette);
  fig.setAttribute('width', next.width);
  fig.setAttribute('height', next.height);
  fig.setAttribute('viewBox', `0 0 ${next.width} ${next.height}`);
  const moves = [], shapes = [];
  let cursor = fig.querySelector(':scope>g.u');
  for (const unit of next.units) {
    let m = units.get(unit.key);
    const was = had.get(unit.key);
    const [x, y] = unit.place;
    if (!m) {
      m = {unit, el: svgEl('g')};
      m.el.innerHTML = unit.svg;
      units.set(unit.key, m);
      dress(m);
      if (!still) {
        m.el.classList.add('enter');
        m.el.addEventListener('animationend', () => m.el.classList.remove('enter'), {once: true});
      }
      place(m, x, y);
    } else {
      const same = was.svg === unit.svg;
      const before = same ? null : [...m.el.querySelectorAll(':scope>path:not(.grab)')].map((p) => p.getAttribute('d'));
      let faded = null;
      if (!same && !still) faded = m.el.cloneNode(true);
      m.unit = unit;
      if (!same) m.el.innerHTML = unit.svg;
      else m.el.querySelectorAll(':scope>.ring,:scope>.grab,:scope>.chev').forEach((e) => e.remove());
      dress(m);
      if (still) place(m, x, y);
      else {
        const x0 = was.place[0] + shift[0], y0 = was.place[1] + shift[1];
        const paths = same ? [] : [...m.el.querySelectorAll(':scope>path:not(.grab)')];
        let smooth = true;
        paths.forEach((p, i) => {
          if (before[i] === undefined) { smooth = false; return; }
          const d = p.getAttribute('d');
          if (before[i] === d) return;
          const f = tweens(before[i], d);
          if (f && (unit.role === 'edge' ? paths.length === before.length : i === 0)) shapes.push([p, f, d]);
          else smooth = false;
        });
        if (!same && unit.role === 'edge' && !smooth) {
          // A line that runs another way is another line.
          while (shapes.length && m.el.contains(shapes[shapes.length - 1][0])) shapes.pop();
          ghost(faded, was.place[0], was.place[1]);
          m.el.classList.add('enter');
          m.el.addEventListener('animationend', () => m.el.classList.remove('enter'), {once: true});
          place(m, x, y);
        } else {
          if (x0 !== x || y0 !== y) moves.push([m, x0, y0, x, y]);
          place(m, x0, y0);
          if (!same && was.role !== unit.role) {
            faded.querySelectorAll('.ring,.chev,.grab').forEach((e) => e.remove());
            ghost(faded, was.place[0], was.place[1]);
            m.el.querySelectorAll(':scope>text,:scope>g:not(.chev)').forEach((e) => e.classList.add('enter'));
          }
        }
      }
    }
    if (m.el === cursor) cursor = cursor.nextElementSibling;
    else fig.insertBefore(m.el, cursor);
  }
  for (const g of ghosts) fig.append(g);
  relate();
  transformed();
  if (focused && document.activeElement?.closest?.('.u')?.dataset.key !== focused) units.get(focused)?.el.focus({preventScroll: true});
  if (chosen && !units.has(chosen)) choose(null); else if (chosen) choose(chosen);
  mark();
  if (still) { for (const g of ghosts) g.remove(); return; }
  const span = 320, start = performance.now();
  root.classList.add('moving');
  const step = (now) => {
    const t = clamp((now - start) / span, 0, 1);
    const e = t < 0.5 ? 4 * t * t * t : 1 - (2 - 2 * t) ** 3 / 2;
    for (const [m, x0, y0, x, y] of moves) place(m, x0 + (x - x0) * e, y0 + (y - y0) * e);
    for (const [p, f, d] of shapes) p.setAttribute('d', t === 1 ? d : f(e));
    if (t < 1) id = requestAnimationFrame(step); else end();
  };
  const end = (early) => {
    if (!running) return;
    running = null;
    cancelAnimationFrame(id);
    for (const [m, , , x, y] of moves) place(m, x, y);
    for (const [p, , d] of shapes) p.setAttribute('d', d);
    for (const g of ghosts) g.remove();
    if (!early) settle();
  };
  running = end;
  let id = requestAnimationFrame(step);
};
const redraw = (anchor, animate) => {
  if (!engine.api) return;
  try { show(ask({}), anchor, animate); } catch (error) { said('This state cannot be drawn'); console.warn(error); }
  remember();
};

/* ---------- opening and closing ---------- */
const openNow = () => {
  if (explicit) return explicit;
  const set = new Set(state.open);
  for (const u of frame.units) if (u.facts?.kind === 'open') for (const m of u.facts.modules || []) set.add(m);
  return set;
};
const inside = (m, outer) => {
  for (let p = index.modules[m]?.parent; p != null; p = index.modules[p].parent) if (outer.has(p)) return true;
  return false;
};
const toggle = (key) => {
  const u = units.get(key)?.unit;
  if (!engine.api || !u || !opens(u)) return;
  const open = new Set(openNow());
  if (u.facts.kind === 'module') {
    for (const m of u.facts.modules) open.add(m);
    // A list of equal blocks is nothing to look at by itself: it opens with the block that stands for all.
    explicit = open;
    for (let i = 0; i < 3; i++) {
      const now = ask({}).units.find((n) => n.facts?.modules?.includes(u.facts.modules[0]));
      if (now?.facts?.kind !== 'module' || now.facts.modules.every((m) => open.has(m))) break;
      for (const m of now.facts.modules) open.add(m);
    }
  } else {
    const gone = new Set(u.facts.modules);
    for (const m of [...open]) if (gone.has(m) || inside(m, gone)) open.delete(m);
  }
  explicit = open;
  redraw(key);
  announce(`${u.facts.title} ${u.facts.kind === 'module' ? 'opened' : 'closed'}`);
};
/* A frame around few boxes is not drawn: what stands in such a module closes it. */
const enclosing = (u) => {
  if (opens(u) || !explicit) return null;
  const shown = modulesShown();
  for (let m = index.operators[u.facts.operators?.[0]]?.module; m != null; m = index.modules[m].parent) {
    if (shown.has(m)) return null;
    if (explicit.has(m) && index.modules[m].path) return m;
  }
  return null;
};
const shut = (module, key) => {
  const gone = new Set([module]);
  explicit = new Set([...explicit].filter((m) => m !== module && !inside(m, gone)));
  redraw(key);
  const box = modulesShown().get(module);
  if (box) { choose(box); reveal(box); units.get(box)?.el.focus({preventScroll: true}); }
};
const middle = () => {
  const box = stage.getBoundingClientRect();
  const [cx, cy] = [(box.width / 2 - view.x) / view.k, (box.height / 2 - view.y) / view.k];
  let best = null, far = Infinity;
  for (const {unit: u} of units.values()) {
    if (u.role !== 'node') continue;
    const d = Math.hypot(u.place[0] + u.place[2] / 2 - cx, u.place[1] + u.place[3] / 2 - cy);
    if (d < far) { far = d; best = u.key; }
  }
  return best;
};
const setDepth = (n, refit = true) => {
  explicit = null;
  state.depth = clamp(n, 1, index.depths);
  state.open = [];
  const anchor = middle();
  redraw(anchor);
  if (refit) fit(true);
  sliders();
};
const sliders = () => {
  for (const s of document.querySelectorAll('.depth')) {
    s.max = index.depths;
    s.value = state.depth ?? 1;
    s.setAttribute('aria-valuetext', `${s.value} of ${index.depths} levels open`);
  }
};

/* ---------- pan and zoom ---------- */
let calm = 0;
const transformed = () => {
  world.style.transform = `translate(${view.x}px,${view.y}px) scale(${view.k})`;
  $('percent').textContent = Math.round(view.k * 100) + '%';
};
const settle = () => {
  clearTimeout(calm);
  calm = setTimeout(() => { if (!running && !gliding) root.classList.remove('moving'); }, 160);
};
const moving = () => { root.classList.add('moving'); settle(); };
const keep = () => {
  // Some of the figure is always on the screen.
  const box = stage.getBoundingClientRect(), edge = 60;
  view.x = clamp(view.x, edge - frame.width * view.k, box.width - edge);
  view.y = clamp(view.y, edge - frame.height * view.k, box.height - edge);
};
const zoomAt = (factor, px, py) => {
  const k = clamp(view.k * factor, 0.04, 8);
  view.x = px - (px - view.x) * (k / view.k);
  view.y = py - (py - view.y) * (k / view.k);
  view.k = k;
  keep();
  moving();
  transformed();
};
let gliding = 0;
const glide = (to) => {
  cancelAnimationFrame(gliding);
  if (quiet.matches) { Object.assign(view, to); transformed(); gliding = 0; return; }
  const from = {...view}, start = performance.now();
  root.classList.add('moving');
  const step = (now) => {
    const t = clamp((now - start) / 280, 0, 1), e = 1 - (1 - t) ** 3;
    for (const n of ['x', 'y', 'k']) view[n] = from[n] + (to[n] - from[n]) * e;
    transformed();
    gliding = t < 1 ? requestAnimationFrame(step) : 0;
    if (!gliding) settle();
  };
  gliding = requestAnimationFrame(step);
};
const room = () => {
  const box = stage.getBoundingClientRect(), panel = $('panel');
  const side = !panel.hidden && innerWidth > 760 ? panel.offsetWidth : 0;
  const foot = !panel.hidden && innerWidth <= 760 ? panel.offsetHeight : 0;
  return {width: box.width - side, height: box.height - foot};
};
const best = () => {
  const r = room(), pad = 20;
  const whole = Math.min((r.width - pad) / frame.width, (r.height - pad) / frame.height);
  return {r, whole};
};
const fit = (smooth) => {
  const {r, whole} = best();
  const k = clamp(whole, 0.04, 1.6);
  const to = {k, x: (r.width - frame.width * k) / 2, y: (r.height - frame.height * k) / 2};
  if (smooth) glide(to); else { Object.assign(view, to); transformed(); }
};
/* At first words must be readable: a figure that would be tiny as a whole begins at its top. */
const begin = () => {
  const {r, whole} = best();
  const k = whole >= 0.72 ? Math.min(whole, 1.35) : clamp(Math.min((r.width - 24) / frame.width, 1), 0.72, 1);
  const across = frame.width * k > r.width;
  Object.assign(view, {k, x: across ? 12 : (r.width - frame.width * k) / 2, y: frame.height * k > r.height ? 8 : (r.height - frame.height * k) / 2});
  transformed();
};
const reveal = (key, centre) => {
  const u = units.get(key)?.unit;
  if (!u) return;
  const r = room(), [x, y, w, h] = u.place;
  let k = view.k;
  if (centre && k < 0.7) k = 1;
  const to = {k, x: view.x, y: view.y};
  const left = x * k + (centre ? 0 : to.x), top = y * k + (centre ? 0 : to.y);
  if (centre) {
    to.x = r.width / 2 - (x + w / 2) * k;
    to.y = h * k > r.height * 0.8 ? 60 - y * k : r.height / 2 - (y + h / 2) * k;
  } else {
    const m = 48;
    if (left < m) to.x += m - left; else if (left + Math.min(w * k, r.width - 2 * m) > r.width - m) to.x -= left + Math.min(w * k, r.width - 2 * m) - (r.width - m);
    if (top < m) to.y += m - top; else if (top + Math.min(h * k, r.height - 2 * m) > r.height - m) to.y -= top + Math.min(h * k, r.height - 2 * m) - (r.height - m);
  }
  if (to.x !== view.x || to.y !== view.y || to.k !== view.k) glide(to);
};
const local = (e) => { const b = stage.getBoundingClientRect(); return [e.clientX - b.left, e.clientY - b.top]; };
stage.addEventListener('wheel', (e) => {
  if (e.target.closest('#panel,#zoom')) return;
  e.preventDefault();
  hideTip();
  const unit = e.deltaMode === 1 ? 16 : e.deltaMode === 2 ? 400 : 1;
  if (e.shiftKey || Math.abs(e.deltaX) > Math.abs(e.deltaY)) {
    view.x -= (e.deltaX || e.deltaY) * unit;
    keep(); moving(); transformed();
    return;
  }
  zoomAt(Math.exp(-clamp(e.deltaY * unit, -240, 240) * (e.ctrlKey ? 0.01 : 0.0016)), ...local(e));
}, {passive: false});
const fingers = new Map();
let drag = null;
stage.addEventListener('pointerdown', (e) => {
  if (e.target.closest('#panel,#zoom') || e.button > 1) return;
  cancelAnimationFrame(gliding); gliding = 0;
  fingers.set(e.pointerId, local(e));
  drag = {moved: fingers.size > 1, key: e.target.closest('.u')?.dataset.key, chevron: !!e.target.closest('.chev')};
});
addEventListener('pointermove', (e) => {
  const was = fingers.get(e.pointerId);
  if (!was) return;
  const now = local(e);
  if (fingers.size === 1) {
    if (!drag.moved && Math.hypot(now[0] - was[0], now[1] - was[1]) < 4) return;
    if (!drag.moved) { drag.moved = true; stage.classList.add('drag'); hideTip(); }
    view.x += now[0] - was[0];
    view.y += now[1] - was[1];
    keep(); moving(); transformed();
  } else if (fingers.size === 2) {
    const other = [...fingers].find(([id]) => id !== e.pointerId)[1];
    const [a, b] = [Math.hypot(was[0] - other[0], was[1] - other[1]), Math.hypot(now[0] - other[0], now[1] - other[1])];
    view.x += (now[0] - was[0]) / 2;
    view.y += (now[1] - was[1]) / 2;
    if (a > 4) zoomAt(b / a, (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
  }
  fingers.set(e.pointerId, now);
});
let last = {key: null, time: 0};
const lift = (e) => {
  if (!fingers.delete(e.pointerId)) return;
  stage.classList.remove('drag');
  if (e.type !== 'pointerup' || !drag || drag.moved || fingers.size) return;
  closeMenus();
  hideTip();
  const {key, chevron} = drag;
  if (chevron) { toggle(key); return; }
  const now = e.timeStamp;
  if (key && key === last.key && now - last.time < 400) { last.time = 0; toggle(key); return; }
  last = {key, time: now};
  choose(key && units.get(key)?.unit.facts ? key : null);
};
addEventListener('pointerup', lift);
addEventListener('pointercancel', lift);
addEventListener('resize', () => { keep(); transformed(); });

/* ---------- tooltip ---------- */
const tip = $('tip');
let tipKey = null;
const hideTip = () => { tip.hidden = true; tipKey = null; light(chosen); };
const rowsOf = (pairs) => {
  const dl = el('dl');
  for (const [n, v] of pairs) dl.append(el('dt', n), el('dd', v));
  return dl;
};
const settingsOf = (f) => (f.settings || []).map(([n, v]) => [n.replace(/_/g, ' '), v]);
const fillTip = (u) => {
  tip.replaceChildren();
  if (u.wire) {
    tip.append(el('strong', u.wire.shape));
    if (u.wire.name) tip.append(el('em', u.wire.name));
    return true;
  }
  const f = u.facts;
  if (!f) return false;
  tip.append(el('strong', [f.title, ...f.bands || []].filter(Boolean).join(' · ') + (f.repeat > 1 ? ` ×${f.repeat}` : '')));
  const settings = settingsOf(f).slice(0, 6);
  tip.append(rowsOf([...f.rows, ...settings]));
  if (engine.api && opens(u)) tip.append(el('em', f.kind === 'module' ? 'Double-click to open' : 'Double-click to close'));
  return true;
};
const light = (key) => {
  for (const e of fig.querySelectorAll('.lit')) e.classList.remove('lit');
  const a = arrows.get(key);
  if (a) for (const [, edge] of [...a.in, ...a.out]) units.get(edge)?.el.classList.add('lit');
};
stage.addEventListener('pointermove', (e) => {
  if (e.pointerType === 'touch' || fingers.size) return;
  const key = e.target.closest('.u')?.dataset.key, u = key && units.get(key)?.unit;
  if (!u || !(u.facts || u.wire) || e.target.closest('#panel')) { if (tipKey) hideTip(); return; }
  if (key !== tipKey) {
    tipKey = key;
    tip.hidden = !fillTip(u);
    light(u.role === 'node' ? key : chosen);
    if (u.role === 'edge') units.get(key).el.classList.add('lit');
  }
  const {offsetWidth: w, offsetHeight: h} = tip;
  const x = e.clientX + 16 + w > innerWidth ? e.clientX - w - 12 : e.clientX + 16;
  const y = e.clientY + 18 + h > innerHeight ? e.clientY - h - 12 : e.clientY + 18;
  tip.style.transform = `translate(${Math.max(8, x)}px,${Math.max(8, y)}px)`;
});
stage.addEventListener('pointerleave', hideTip);

/* ---------- what is known of the chosen ---------- */
const panel = $('panel');
const choose = (key) => {
  if (chosen) units.get(chosen)?.el.classList.remove('chosen');
  chosen = key;
  const u = key && units.get(key)?.unit;
  root.classList.toggle('paneled', !!u);
  panel.hidden = !u;
  light(key);
  if (!u) return;
  units.get(key).el.classList.add('chosen');
  const f = u.facts, top = panel.scrollTop;
  const head = el('header');
  const close = el('button', null, {'aria-label': 'Close details', title: 'Close (Esc)'});
  close.innerHTML = '<svg viewBox="0 0 18 18" aria-hidden="true"><path d="M4 4l10 10M14 4L4 14"/></svg>';
  close.onclick = () => { choose(null); units.get(key)?.el.focus({preventScroll: true}); };
  head.append(el('h2', [f.title || f.kind, ...f.bands || []].join(' · ') + (f.repeat > 1 ? ` ×${f.repeat}` : '')), close);
  const out = [head];
  if (f.subtitle && f.subtitle !== f.title) out.push(el('p', f.subtitle));
  if (engine.api && opens(u)) {
    const b = el('button', f.kind === 'module' ? 'Open' : 'Close', {class: 'open'});
    b.onclick = () => toggle(key);
    out.push(b);
  }
  const around = engine.api ? enclosing(u) : null;
  if (around != null) {
    const b = el('button', `Close ${index.modules[around].path}`, {class: 'open'});
    b.onclick = () => shut(around, key);
    out.push(b);
  }
  const dl = el('dl');
  for (const [n, v] of f.rows) {
    dl.append(el('dt', n), el('dd', v));
    const share = n === 'Parameters' ? f.shares[0] : n === 'MACs' ? f.shares[1] : null;
    if (share != null) {
      const bar = el('div', null, {class: 'share', role: 'img', 'aria-label': `${share / 10} % of the model`, title: `${share / 10} % of the model`});
      const fill = el('i');
      fill.style.width = Math.max(share / 10, 0.4) + '%';
      bar.append(fill);
      dl.append(bar);
    }
  }
  out.push(dl);
  const settings = settingsOf(f);
  if (settings.length) out.push(el('h3', 'Settings'), rowsOf(settings));
  const links = arrows.get(key);
  for (const [name, list] of [['From', links?.in], ['To', links?.out]]) {
    const seen = [...new Map((list || []).map((l) => [l[0], l])).values()].filter(([k]) => units.get(k)?.unit.facts);
    if (!seen.length) continue;
    const ul = el('ul');
    for (const [other, edge] of seen.slice(0, 12)) {
      const b = el('button', units.get(other).unit.facts.title || units.get(other).unit.facts.kind);
      const shape = units.get(edge)?.unit.wire?.shape;
      if (shape) b.append(el('span', shape.replace(/ \S+$/, '')));
      b.onclick = () => { choose(other); reveal(other); };
      const li = el('li');
      li.append(b);
      ul.append(li);
    }
    out.push(el('h3', name), ul);
  }
  const ops = (f.operators || []).map((o) => index.operators[o]).filter(Boolean);
  if (ops.length) {
    const counts = new Map();
    for (const o of ops) for (const name of (o.ops || o.kind).split(' ')) counts.set(name, (counts.get(name) || 0) + 1);
    const words = [...counts].map(([name, n]) => (n > 1 ? `${n} ${name}` : name)).join(', ');
    const many = [...counts.values()].reduce((a, n) => a + n, 0);
    out.push(el('h3', many === 1 ? 'Operator of the file' : `${many} operators of the file`), el('div', words));
  }
  panel.replaceChildren(...out);
  panel.scrollTop = top;
};

/* ---------- search ---------- */
const field = $('search'), hits = $('hits');
const entries = [
  ...index.modules.map((m, i) => ({path: m.path, what: m.class, module: i, text: `${m.path} ${m.class}`})).filter((e) => e.path),
  ...index.operators.map((o, i) => {
    const home = index.modules[o.module]?.path || '';
    return {path: home || o.name || o.kind, what: o.kind, operator: i, module: o.module, text: `${home} ${o.name} ${o.kind} ${o.ops}`};
  }),
].map((e) => ({...e, low: e.text.toLowerCase()}));
const score = (low, word) => {
  const at = low.indexOf(word);
  if (at >= 0) return 100 - Math.min(at, 40) / 4 + (at === 0 || /[^a-z0-9]/.test(low[at - 1]) ? 20 : 0) - low.length / 40;
  let i = 0, gaps = 0, prev = -1;
  for (const c of word) {
    i = low.indexOf(c, i);
    if (i < 0) return 0;
    if (prev >= 0) gaps += i - prev - 1;
    prev = i++;
  }
  const s = 40 - gaps;
  return s > 8 ? s : 0;
};
const natural = new Intl.Collator('en', {numeric: true});
let found = [], current = -1;
const search = () => {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  found = [];
  current = -1;
  if (words.length) {
    entries.forEach((entry, order) => {
      let total = 0;
      for (const w of words) {
        const s = score(entry.low, w);
        if (!s) return;
        total += s;
      }
      found.push({entry, total, order});
    });
    // Where something matches outright, what matches letter by letter is noise.
    if (found.some((f) => f.total >= 80 * words.length)) found = found.filter((f) => f.total >= 60 * words.length);
    found.sort((a, b) => b.total - a.total || natural.compare(a.entry.path, b.entry.path) || a.order - b.order);
  }
  list();
  mark();
};
const list = () => {
  hits.replaceChildren();
  const many = field.value.trim().length > 0;
  // On a small screen the list would hide what was found.
  hits.hidden = !many || document.activeElement !== field || (current >= 0 && innerWidth <= 760);
  field.setAttribute('aria-expanded', String(!hits.hidden));
  $('count').textContent = many ? (current >= 0 ? `${current + 1}/${found.length}` : String(found.length)) : '';
  const from = clamp(current - 4, 0, Math.max(0, found.length - 30));
  found.slice(from, from + 30).forEach(({entry}, i) => {
    const li = el('li', null, {role: 'option', id: 'hit' + (from + i), 'aria-selected': String(from + i === current)});
    li.append(el('b', entry.path), el('span', entry.what));
    li.onpointerdown = (e) => { e.preventDefault(); current = from + i; go(); };
    hits.append(li);
    if (from + i === current) { field.setAttribute('aria-activedescendant', li.id); queueMicrotask(() => li.scrollIntoView({block: 'nearest'})); }
  });
  if (many && !found.length) hits.append(el('li', 'Nothing found'));
};
const within = (outer) => {
  const set = new Set([outer]);
  index.modules.forEach((m, i) => { if (m.parent != null && set.has(m.parent)) set.add(i); });
  return index.operators.flatMap((o, i) => (set.has(o.module) ? [i] : []));
};
const keyOf = (entry) => {
  if (entry.operator != null) return byOperator.get(entry.operator);
  for (const m of units.values()) if (m.unit.facts?.modules?.includes(entry.module)) return m.unit.key;
  for (const o of within(entry.module)) if (byOperator.has(o)) return byOperator.get(o);
};
const mark = () => {
  const on = field.value.trim().length > 0 && found.length > 0;
  fig.classList.toggle('searching', on);
  const keys = new Set();
  if (on) for (const {entry} of found.slice(0, 2000)) { const k = entry.operator != null ? byOperator.get(entry.operator) : null; if (k) keys.add(k); else if (entry.operator == null) for (const m of moduleKeys.get(entry.module) || []) keys.add(m); }
  for (const [key, m] of units) m.el.classList.toggle('match', keys.has(key));
};
const moduleKeys = {get: (module) => { const k = modulesShown().get(module); return k ? [k] : []; }};
let shownFrame = null, shownModules = null;
const modulesShown = () => {
  if (shownFrame !== frame) {
    shownFrame = frame;
    shownModules = new Map();
    for (const u of frame.units) for (const m of u.facts?.modules || []) if (!shownModules.has(m)) shownModules.set(m, u.key);
  }
  return shownModules;
};
const go = () => {
  const entry = found[current]?.entry;
  if (!entry) return;
  if (engine.api) {
    const open = new Set(openNow());
    const n = open.size;
    for (let m = entry.operator != null ? entry.module : index.modules[entry.module].parent; m != null; m = index.modules[m].parent) open.add(m);
    if (open.size !== n) { explicit = open; redraw(middle()); }
  }
  const key = keyOf(entry);
  if (key) { choose(key); reveal(key, true); }
  list();
  announce(`${current + 1} of ${found.length}: ${entry.path} ${entry.what}`);
};
field.addEventListener('input', search);
field.addEventListener('focus', list);
field.addEventListener('blur', () => { hits.hidden = true; field.setAttribute('aria-expanded', 'false'); });
field.addEventListener('keydown', (e) => {
  if (e.key === 'Enter' || e.key === 'ArrowDown' || e.key === 'ArrowUp') {
    e.preventDefault();
    if (!found.length) return;
    const back = e.key === 'ArrowUp' || e.key === 'Enter' && e.shiftKey;
    current = (current + (back ? -1 : 1) + found.length) % found.length;
    go();
  } else if (e.key === 'Escape') {
    e.stopPropagation();
    if (field.value) { field.value = ''; search(); } else field.blur();
  }
});

/* ---------- keyboard ---------- */
const FORWARD = {tb: 'ArrowDown', bt: 'ArrowUp', lr: 'ArrowRight', rl: 'ArrowLeft'};
const WAY = {ArrowDown: [0, 1], ArrowUp: [0, -1], ArrowRight: [1, 0], ArrowLeft: [-1, 0]};
const centre = (key) => { const [x, y, w, h] = units.get(key).unit.place; return [x + w / 2, y + h / 2]; };
const neighbour = (key, arrow) => {
  const [dx, dy] = WAY[arrow], [x, y] = centre(key), links = arrows.get(key);
  const forward = FORWARD[state.direction || 'tb'];
  const along = arrow === forward ? links?.out : WAY[forward][0] === -dx && WAY[forward][1] === -dy ? links?.in : null;
  const rank = (keys, strict) => keys.filter((k) => k !== key && units.has(k)).map((k) => {
    const [a, b] = centre(k), u = (a - x) * dx + (b - y) * dy, v = Math.abs((a - x) * dy) + Math.abs((b - y) * dx);
    return {k, u, cost: Math.abs(u) + 2.5 * v};
  }).filter((c) => !strict || c.u > 6).sort((a, b) => a.cost - b.cost)[0]?.k;
  return (along && rank(along.map((l) => l[0]), false))
    || rank([...units.values()].filter((m) => isStop(m.unit) && m.unit.role !== 'container').map((m) => m.unit.key), true);
};
const focus = (key) => { units.get(key)?.el.focus({preventScroll: true}); reveal(key); if (!panel.hidden) choose(key); };
stage.addEventListener('keydown', (e) => {
  const key = e.target.closest('.u')?.dataset.key;
  if (!key || e.ctrlKey || e.metaKey || e.altKey) return;
  if (WAY[e.key]) {
    e.preventDefault();
    const next = neighbour(key, e.key);
    if (next) focus(next);
  } else if (e.key === 'Enter' || e.key === ' ') {
    e.preventDefault();
    if (opens(units.get(key).unit)) toggle(key); else choose(chosen === key ? null : key);
  } else if (e.key === 'Backspace') {
    const around = engine.api && enclosing(units.get(key).unit);
    if (around != null) shut(around, key);
  } else if (e.key === 'i') choose(chosen === key ? null : key);
});
stage.addEventListener('focusin', (e) => {
  stage.scrollTop = stage.scrollLeft = 0;
  const key = e.target.closest('.u')?.dataset.key;
  if (key && e.target.matches(':focus-visible')) { reveal(key); if (!panel.hidden) choose(key); }
});
stage.addEventListener('scroll', () => { stage.scrollTop = stage.scrollLeft = 0; });
addEventListener('keydown', (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey) return;
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(e.target.tagName) && e.target.type !== 'range';
  if (e.key === 'Escape') {
    if (closeMenus()) return;
    if (chosen) { const key = chosen; choose(null); if (panel.contains(document.activeElement)) units.get(key)?.el.focus({preventScroll: true}); }
    else if (field.value) { field.value = ''; search(); }
    return;
  }
  if (typing) return;
  const b = stage.getBoundingClientRect();
  const act = {
    '+': () => zoomAt(1.25, b.width / 2, b.height / 2), '=': () => zoomAt(1.25, b.width / 2, b.height / 2),
    '-': () => zoomAt(0.8, b.width / 2, b.height / 2), _: () => zoomAt(0.8, b.width / 2, b.height / 2),
    0: () => fit(true), 1: () => zoomAt(1 / view.k, b.width / 2, b.height / 2),
    '/': () => field.focus(), t: () => theme(isDark() ? 'light' : 'dark'),
    e: () => setDepth(index.depths), c: () => setDepth(1),
  }[e.key];
  if (act && (engine.api || !'ec'.includes(e.key))) { e.preventDefault(); act(); }
});

/* ---------- what leaves the page ---------- */
const escaped = (text) => text.replace(/[&<>"]/g, (c) => ({'&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;'}[c]));
const alone = () => {
  const f = engine.api ? ask({whole: true}) : {...frame, units: frame.units.map((u) => ({...u}))};
  const i = isDark() ? 1 : 0;
  const fonts = [...$('letters').textContent.matchAll(/@font-face\{[^}]*\}/g)].map((m) => m[0]).join('');
  const ink = f.palette.map((p, n) => `.f${n}{fill:${p[i]}}.s${n}{stroke:${p[i]}}`).join('');
  const page = getComputedStyle(root).getPropertyValue('--background').trim();
  const body = f.units.map((u) => `<g transform="translate(${u.place[0]} ${u.place[1]})">${u.facts ? `<title>${escaped(spoken(u))}</title>` : ''}${u.svg}</g>`).join('\n');
  return {width: f.width, height: f.height, text: `<svg xmlns="${NS}" width="${f.width}" height="${f.height}" viewBox="0 0 ${f.width} ${f.height}" fill="none" stroke-linejoin="round" font-family="netloom,Inter,Helvetica,Arial,sans-serif" text-anchor="middle" role="img">
<title>${escaped(f.title)}</title><desc>${escaped(f.description)}</desc>
<style>${fonts}${ink}.w500{font-weight:500}.w600,.w700{font-weight:600}.i{font-style:italic}.m{font-family:monospace}</style>
<rect width="100%" height="100%" fill="${page}"/>
${body}
</svg>
`};
};
const png = async () => {
  const {width, height, text} = alone();
  const image = new Image();
  image.src = URL.createObjectURL(new Blob([text], {type: 'image/svg+xml'}));
  await image.decode();
  const scale = Math.min(2, 16000 / width, 16000 / height, Math.sqrt(120e6 / (width * height)));
  const canvas = el('canvas', null, {width: Math.round(width * scale), height: Math.round(height * scale)});
  canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(image.src);
  return new Promise((done, fail) => canvas.toBlob((b) => (b ? done(b) : fail(new Error('too large'))), 'image/png'));
};
const file = (blob, extension) => {
  const a = el('a', null, {href: URL.createObjectURL(blob), download: `${(data.name || 'network').replace(/[^\w.-]+/g, '-')}.${extension}`});
  document.body.append(a);
  a.click();
  a.remove();
  setTimeout(() => URL.revokeObjectURL(a.href), 5000);
};
const saves = {
  'save-svg': async () => file(new Blob([alone().text], {type: 'image/svg+xml'}), 'svg'),
  'save-png': async () => file(await png(), 'png'),
  'copy-svg': async () => { await navigator.clipboard.writeText(alone().text); said('SVG copied'); },
  'copy-png': async () => { await navigator.clipboard.write([new ClipboardItem({'image/png': png()})]); said('PNG copied'); },
};
for (const id in saves) $(id).onclick = async () => {
  closeMenus();
  try { await saves[id](); } catch (error) { said(id.startsWith('copy') ? 'The browser does not let this page copy; save it instead' : 'That did not work'); console.warn(error); }
};
let saidTimer = 0;
const said = (text) => {
  $('said').textContent = text;
  $('said').classList.add('on');
  clearTimeout(saidTimer);
  saidTimer = setTimeout(() => $('said').classList.remove('on'), 2200);
};
const announce = (text) => { $('heard').textContent = text; };

/* ---------- menus, theme, address ---------- */
const closeMenus = () => {
  let any = false;
  for (const m of document.querySelectorAll('.menu')) {
    const box = m.lastElementChild;
    if (!box.hidden) { any = true; if (box.contains(document.activeElement)) m.firstElementChild.focus(); }
    box.hidden = true;
    m.firstElementChild.setAttribute('aria-expanded', 'false');
  }
  return any;
};
for (const m of document.querySelectorAll('.menu')) {
  const [button, box] = [m.firstElementChild, m.lastElementChild];
  button.onclick = () => {
    const show = box.hidden;
    closeMenus();
    box.hidden = !show;
    button.setAttribute('aria-expanded', String(show));
    if (show) box.querySelector('button,input')?.focus();
  };
  box.addEventListener('keydown', (e) => {
    if (e.key !== 'ArrowDown' && e.key !== 'ArrowUp') return;
    const all = [...box.querySelectorAll('button')];
    const at = all.indexOf(document.activeElement);
    if (at < 0) return;
    e.preventDefault();
    all[(at + (e.key === 'ArrowDown' ? 1 : -1) + all.length) % all.length].focus();
  });
}
addEventListener('pointerdown', (e) => { if (!e.target.closest('.menu')) closeMenus(); });
const checks = () => {
  for (const b of document.querySelectorAll('[data-set]')) {
    const [name, value] = b.dataset.set.split('=');
    const is = name === 'theme' ? root.dataset.theme || 'auto' : name === 'direction' ? state.direction || 'tb' : String(state[name]);
    b.setAttribute('aria-checked', String(is === value));
  }
};
const theme = (name) => {
  if (name === 'auto') delete root.dataset.theme; else root.dataset.theme = name;
  checks();
  remember();
};
for (const b of document.querySelectorAll('[data-set]')) b.onclick = () => {
  const [name, value] = b.dataset.set.split('=');
  if (name === 'theme') theme(value);
  else {
    state[name] = value === 'true' ? true : value === 'false' ? false : value;
    redraw(middle());
    fit(true);
  }
  checks();
};
$('all').onclick = () => { closeMenus(); setDepth(index.depths); };
$('none').onclick = () => { closeMenus(); setDepth(1); };
for (const s of document.querySelectorAll('.depth')) s.oninput = () => setDepth(Number(s.value));
const b = () => { const r = room(); return [r.width / 2, r.height / 2]; };
$('in').onclick = () => zoomAt(1.25, ...b());
$('out').onclick = () => zoomAt(0.8, ...b());
$('fit').onclick = () => fit(true);

const remember = () => {
  const parts = [];
  if (explicit) parts.push('open=' + [...explicit].sort((a, b) => a - b).join('.'));
  else if (state.depth !== data.state.depth || state.depth !== first.depth) parts.push('depth=' + state.depth);
  for (const n of ['detail', 'direction', 'unfold']) if (state[n] !== first[n]) parts.push(`${n}=${state[n]}`);
  if (root.dataset.theme) parts.push('theme=' + root.dataset.theme);
  const hash = parts.length ? '#' + parts.join('&') : '';
  if (hash !== location.hash) try { history.replaceState(null, '', hash || location.pathname + location.search); } catch { /* a sandbox may forbid it */ }
};
const first = {...state};
const restore = (hash) => {
  const asked = new URLSearchParams(hash.slice(1));
  if (asked.has('theme')) theme(asked.get('theme') === 'dark' ? 'dark' : 'light');
  if (!engine.api) return;
  let changed = false;
  if (asked.has('open')) {
    const known = asked.get('open').split('.').filter(Boolean).map(Number).filter((n) => Number.isInteger(n) && index.modules[n]);
    explicit = new Set(known);
    changed = true;
  } else if (asked.has('depth')) { explicit = null; state.depth = clamp(Number(asked.get('depth')) || 1, 1, index.depths); changed = true; }
  if (['sketch', 'paper', 'implement'].includes(asked.get('detail'))) { state.detail = asked.get('detail'); changed = true; }
  if (['tb', 'bt', 'lr', 'rl'].includes(asked.get('direction'))) { state.direction = asked.get('direction'); changed = true; }
  if (asked.has('unfold')) { state.unfold = asked.get('unfold') === 'true'; changed = true; }
  if (changed) { redraw(null, false); begin(); }
  checks();
  sliders();
};

colours(frame.palette);
adopt();
const asked = new URLSearchParams(location.hash.slice(1)).get('theme');
if (asked) root.dataset.theme = asked === 'dark' ? 'dark' : 'light';
begin();
sliders();
checks();
wake();
})();
