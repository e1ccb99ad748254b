// Opens pages in a real browser, from the disk: node page.mjs RESNET.html BERT.html [FOLDER FOR PICTURES]
// Checks what a reader does with them, and reports how long frames take. Without a browser it says so and does nothing.
import assert from 'node:assert/strict';
import {existsSync, mkdtempSync, rmSync, statSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {pathToFileURL} from 'node:url';

const browser = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((p) => existsSync(p));
const playwright = await import('playwright-core').catch(() => null);
const [resnet, bert, pictures] = process.argv.slice(2).map((p) => resolve(p));
if (!browser || !playwright) {
  console.log(`skipped: no ${browser ? 'playwright-core' : 'Chromium'} here`);
  process.exit(0);
}

const profile = mkdtempSync(join(tmpdir(), 'netloom-page-'));
const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const open = async (file, width, height, colorScheme, more = {}) => {
  const context = await playwright.chromium.launchPersistentContext(mkdtempSync(join(profile, 'p')), {
    executablePath: browser, headless: true, args: flags, viewport: {width, height}, colorScheme, ...more,
  });
  const page = context.pages()[0] || (await context.newPage());
  const wrong = [];
  page.on('pageerror', (e) => wrong.push(e.message));
  page.on('console', (m) => m.type() !== 'log' && wrong.push(m.text()));
  page.on('request', (r) => /^(file|data|blob):/.test(r.url()) || wrong.push('a request left: ' + r.url()));
  await page.goto(pathToFileURL(file).href);
  if (more.javaScriptEnabled !== false) await page.waitForFunction(() => document.documentElement.classList.contains('ready'), null, {timeout: 60000});
  const shot = (name) => pictures && page.screenshot({path: join(pictures, name + '.png')});
  const done = async () => { assert.deepEqual(wrong, [], 'errors, warnings or requests'); await context.close(); };
  const calm = () => page.waitForTimeout(700);
  return {page, shot, done, calm};
};
const count = (page, what) => page.locator(what).count();

const main = async () => {
  for (const file of [resnet, bert]) assert.ok(statSync(file).size <= 1 << 20, `${file}: ${statSync(file).size} bytes`);
  {
    const {page, shot, done, calm} = await open(resnet, 1440, 900, 'light');
    await shot('resnet50-light');
    await page.keyboard.press('c');
    await calm();
    assert.ok(await count(page, '.u[aria-expanded=false]') >= 4, 'stages are closed');
    const stage = page.locator('.u[data-key^=layer2][aria-expanded]').first();
    const before = await stage.boundingBox();
    await stage.dblclick();
    await page.waitForTimeout(160);
    await shot('resnet50-opening');
    await calm();
    const after = await stage.boundingBox();
    assert.ok(Math.abs(before.y - after.y) < 30, `what was opened stays where it was: ${before.y}, ${after.y}`);
    assert.equal(await stage.getAttribute('aria-expanded'), 'true');
    await shot('resnet50-opened');
    await stage.focus();
    await page.keyboard.press('Enter');
    await calm();
    assert.equal(await stage.getAttribute('aria-expanded'), 'false', 'Enter closes it again');
    assert.match(await page.evaluate(() => document.activeElement.dataset.key), /^layer2/, 'the focus stays');
    await page.keyboard.press('e');
    await calm();
    assert.equal(await count(page, '.u[aria-expanded=false]'), 0, 'everything is open down to layers');
    await page.locator('#view').click();
    await shot('resnet50-view');
    await page.locator('[data-set="unfold=true"]').click();
    await calm();
    assert.ok(await count(page, '.u.node') > 30, 'every block is drawn');
    await page.keyboard.press('Escape');
    await page.keyboard.press('c');
    await calm();

    await page.keyboard.press('/');
    await page.keyboard.type('layer3 conv2');
    assert.ok(await count(page, '#hits li') > 0);
    await page.keyboard.press('Enter');
    await calm();
    assert.match(await page.textContent('#panel'), /layer3/);
    assert.match(await page.textContent('#panel'), /Parameters590\s(080|336)/, 'exact parameters');
    await shot('resnet50-search');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');

    await page.locator('.u.told').first().focus();
    const seen = [];
    for (let i = 0; i < 8; i++) {
      seen.push(await page.evaluate(() => { const b = document.activeElement.getBoundingClientRect(); return [document.activeElement.getAttribute('aria-label'), Math.round(b.top)]; }));
      await page.keyboard.press('Tab');
    }
    assert.equal(new Set(seen.map((s) => s[0])).size, seen.length, 'Tab goes from box to box');
    assert.ok(seen.every((s) => s[0]), 'every stop has a name');
    const from = await page.evaluate(() => document.activeElement.dataset.key);
    await page.keyboard.press('ArrowDown');
    assert.notEqual(await page.evaluate(() => document.activeElement.dataset.key), from, 'arrow keys go along arrows');

    await page.locator('#save').click();
    const [file] = await Promise.all([page.waitForEvent('download'), page.locator('#save-svg').click()]);
    assert.match(file.suggestedFilename(), /\.svg$/);
    if (pictures) await file.saveAs(join(pictures, 'saved.svg'));
    await page.locator('#save').click();
    const [png] = await Promise.all([page.waitForEvent('download'), page.locator('#save-png').click()]);
    if (pictures) await png.saveAs(join(pictures, 'saved.png'));
    const hash = await page.evaluate(() => location.hash);
    await page.keyboard.press('t');
    assert.match(await page.evaluate(() => location.hash), /theme=dark/, `the address keeps the state (${hash})`);
    await shot('resnet50-toggled');
    await done();
  }
  for (const scheme of ['light', 'dark']) {
    const {page, shot, done, calm} = await open(resnet, 390, 844, scheme, {hasTouch: true, isMobile: true});
    await shot('phone-' + scheme);
    const small = await page.evaluate(() => [...document.querySelectorAll('button,input')].filter((e) => e.offsetParent && (e.offsetHeight < 40 || (e.tagName === 'BUTTON' && e.offsetWidth < 40))).map((e) => e.outerHTML));
    assert.deepEqual(small, [], 'targets for fingers');
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing is wider than the screen');
    await page.locator('.u.node').nth(1).tap();
    await calm();
    await shot('phone-panel-' + scheme);
    await done();
  }
  {
    const {page, shot, done} = await open(resnet, 1000, 700, 'light', {javaScriptEnabled: false});
    assert.ok(await count(page, '#figure .u.node') > 5, 'the figure is there without scripts');
    await shot('no-scripts');
    await done();
  }
  {
    const {page, shot, done, calm} = await open(bert, 1440, 900, 'dark');
    await shot('bert-dark');
    await page.locator('#view').click();
    await page.locator('[data-set="detail=implement"]').click();
    await page.locator('[data-set="unfold=true"]').click();
    await page.keyboard.press('Escape');
    await page.keyboard.press('c');
    await calm();
    const frames = (act) => page.evaluate(async (source) => {
      const times = [];
      let last = performance.now(), on = true;
      const tick = (now) => { times.push(now - last); last = now; if (on) requestAnimationFrame(tick); };
      requestAnimationFrame((now) => { last = now; requestAnimationFrame(tick); });
      await new Function('return (async () => {' + source + '})()')();
      on = false;
      times.sort((a, b) => a - b);
      const at = (q) => times.length ? times[Math.min(times.length - 1, Math.floor(q * times.length))].toFixed(1) : '-';
      return `${times.length} frames, median ${at(0.5)} ms, 95 % ${at(0.95)} ms, longest ${at(1)} ms`;
    }, act);
    console.log('BERT-base, opening everything:', await frames("const t = performance.now(); document.getElementById('all').click(); console.log(performance.now() - t); await new Promise((r) => setTimeout(r, 700));"));
    console.log('  boxes', await count(page, '.u.node'), 'elements', await count(page, '#figure *'));
    await shot('bert-open');
    const gesture = (step) => `const s = document.getElementById('stage'); for (let i = 0; i < 90; i++) { ${step}; await new Promise(requestAnimationFrame); }`;
    console.log('panning:', await frames(gesture("s.dispatchEvent(new WheelEvent('wheel', {deltaX: i < 45 ? 12 : -12, deltaY: i < 45 ? 1 : -1, clientX: 600, clientY: 400, bubbles: true, cancelable: true}))")));
    console.log('zooming:', await frames(gesture("s.dispatchEvent(new WheelEvent('wheel', {deltaY: i < 45 ? -40 : 40, clientX: 600, clientY: 400, bubbles: true, cancelable: true}))")));
    await calm();
    await shot('bert-after');
    await done();
  }
  console.log('pages are well');
};

let failed = null;
await main().catch((error) => { failed = error; });
rmSync(profile, {recursive: true, force: true, maxRetries: 5});
if (failed) { console.error(failed); process.exit(1); }
