// Lays out a graph with @dagrejs/dagre; see rivals.rs for the files.
import { readFileSync, writeFileSync } from "node:fs";
import dagre from "@dagrejs/dagre";

const [, , input, output] = process.argv;
const graph = JSON.parse(readFileSync(input, "utf8"));
const g = new dagre.graphlib.Graph({ multigraph: true });
g.setGraph({ rankdir: "TB", ranksep: graph.rank, nodesep: graph.node });
g.setDefaultEdgeLabel(() => ({}));
graph.nodes.forEach(([width, height], i) => g.setNode(String(i), { width, height }));
graph.edges.forEach(([source, target], i) => g.setEdge(String(source), String(target), {}, String(i)));

const start = process.hrtime.bigint();
const before = process.cpuUsage();
dagre.layout(g);
const used = process.cpuUsage(before);
const wall = Number(process.hrtime.bigint() - start) / 1e9;
console.log(`wall ${wall}\ncpu ${(used.user + used.system) / 1e6}`);

const { width, height } = g.graph();
const lines = [`size ${width} ${height}`];
for (const e of g.edges()) {
  const points = g.edge(e).points.map(({ x, y }) => `${x} ${y}`);
  lines.push(`edge ${e.v} ${e.w} ${points.join(" ")}`);
}
writeFileSync(output, lines.join("\n") + "\n");
