// Boxes over a radiograph, in its own pixels: solid for definite, dashed for suspicious.

const CERTAINTIES = ["none", "suspicious", "definite"]; // the last on top

const findingLabel = finding => finding.evidence
  ? `${finding.id} suspicious region (evidence map)`
  : `${finding.id}${finding.label === "fracture" ? "" : ` ${finding.label}`} ${finding.score}`;

// Where labels go: above the box, below it, or in its frame; the first place that is free.
function labelPlace(box, width, height, row, unit, taken) {
  const [x1, y1, x2, y2] = box;
  const gap = 5 * unit;
  const left = Math.max(0, Math.min(x1, row.width - width));
  const right = Math.max(0, Math.min(x2 - width, row.width - width));
  const places = [
    [left, y1 - gap - height], [left, y2 + gap], [right, y1 - gap - height], [right, y2 + gap],
    [x2 + gap, y1], [x1 - gap - width, y1], [x2 + gap, y2 - height], [x1 - gap - width, y2 - height],
  ];
  const inside = ([x, y]) => x >= 0 && y >= 0 && x + width <= row.width && y + height <= row.height;
  const free = ([x, y]) => !taken.some(([a, b, c, d]) => x < c && a < x + width && y < d && b < y + height);
  return places.find(place => inside(place) && free(place)) || places.find(inside) || [left, Math.max(0, y1)];
}

// `unit` is one pixel of the screen in pixels of the radiograph.
function drawBoxes(svg, row, unit) {
  svg.setAttribute("viewBox", `0 0 ${row.width} ${row.height}`);
  svg.replaceChildren();
  const ordered = [...row.findings].sort(
    (a, b) => CERTAINTIES.indexOf(a.certainty) - CERTAINTIES.indexOf(b.certainty));
  svg.setAttribute("aria-label", ordered.length
    ? `Boxes: ${row.findings.map(one => `${findingLabel(one)}, ${one.certainty === "none" ? "below suspicious" : one.certainty}`).join("; ")}`
    : "No boxes");
  for (const finding of ordered) {
    const [x1, y1, x2, y2] = finding.box;
    const shape = {x: x1, y: y1, width: x2 - x1, height: y2 - y1, "vector-effect": "non-scaling-stroke"};
    const group = makeSvg("g", {class: `box ${finding.certainty}`, "data-finding": finding.id});
    group.append(makeSvg("rect", {...shape, class: "edge"}), makeSvg("rect", {...shape, class: "line"}));
    svg.append(group);
  }
  labelBoxes(svg, row, unit);
}

// Labels keep their size on the screen, so they are set again at each zoom.
function labelBoxes(svg, row, unit) {
  svg.querySelectorAll(".tag").forEach(tag => tag.remove());
  const taken = row.findings.filter(one => one.certainty !== "none").map(one => one.box);
  for (const finding of row.findings) {
    if (finding.certainty === "none") continue;
    const words = findingLabel(finding);
    const width = (words.length * 7.4 + 10) * unit;
    const height = 19 * unit;
    const [x, y] = labelPlace(finding.box, width, height, row, unit, taken);
    taken.push([x, y, x + width, y + height]);
    const tag = makeSvg("g", {class: `tag ${finding.certainty}`, "data-finding": finding.id});
    const text = makeSvg("text", {
      x: x + width / 2, y: y + height * 0.72, "font-size": 13 * unit, "text-anchor": "middle",
    });
    text.textContent = words;
    tag.append(makeSvg("rect", {x, y, width, height, rx: 3 * unit}), text);
    svg.append(tag);
  }
}
