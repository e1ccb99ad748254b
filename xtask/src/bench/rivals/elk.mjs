// Lays out a graph with elkjs; see rivals.rs for the files.
import { readFileSync, writeFileSync } from "node:fs";
import ELK from "elkjs/lib/elk.bundled.js";

const [, , input, output] = process.argv;
const graph = JSON.parse(readFileSync(input, "utf8"));
const elk = new ELK();
const root = {
  id: "root",
  layoutOptions: {
    "elk.algorithm": "layered",
    "elk.direction": "DOWN",
    "elk.spacing.nodeNode": String(graph.node),
    "elk.layered.spacing.nodeNodeBetweenLayers": String(graph.rank),
  },
  children: graph.nodes.map(([width, height], i) => ({ id: `n${i}`, width, height })),
  edges: graph.edges.map(([source, target], i) => ({ id: `e${i}`, sources: [`n${source}`], targets: [`n${target}`] })),
};

const start = process.hrtime.bigint();
const before = process.cpuUsage();
const laid = await elk.layout(root);
const used = process.cpuUsage(before);
const wall = Number(process.hrtime.bigint() - start) / 1e9;
console.log(`wall ${wall}\ncpu ${(used.user + used.system) / 1e6}`);

const lines = [`size ${laid.width} ${laid.height}`];
laid.edges.forEach((edge, i) => {
  const [source, target] = graph.edges[i];
  const { startPoint, bendPoints = [], endPoint } = edge.sections[0];
  const points = [startPoint, ...bendPoints, endPoint].map(({ x, y }) => `${x} ${y}`);
  lines.push(`edge ${source} ${target} ${points.join(" ")}`);
});
writeFileSync(output, lines.join("\n") + "\n");
