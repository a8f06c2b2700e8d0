// One image, large: radiograph, heat map and boxes over it, and what was found beside it.

const dialog = find("viewer");
const layers = {boxes: true, heat: false};
let place = -1; // in `shownRows`

function say(words) {
  const toast = find("toast");
  toast.textContent = words;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => { toast.textContent = ""; }, 5000);
}

function noHeat(row) {
  return row.heat_missing || "No heat map was saved. Run detect again with --heatmap, then make the report.";
}

function applyLayers() {
  const row = readings[shownRows[place]];
  find("boxes").classList.toggle("off", !layers.boxes);
  find("heat").hidden = !(layers.heat && row.heat);
  find("toggle-boxes").setAttribute("aria-pressed", layers.boxes);
  find("toggle-heat").setAttribute("aria-pressed", Boolean(layers.heat && row.heat));
  find("toggle-heat").classList.toggle("lacking", !row.heat);
  find("toggle-heat").title = row.heat ? "Heat map (h): where the verdict looked" : noHeat(row);
}

function toggle(layer) {
  const row = readings[shownRows[place]];
  if (layer === "heat" && !row.heat) return say(noHeat(row));
  layers[layer] = !layers[layer];
  applyLayers();
}

function findingItem(finding) {
  const [x1, y1, x2, y2] = finding.box.map(Math.round);
  const words = finding.certainty === "none" ? "below suspicious" : finding.certainty;
  const button = make("button", {type: "button", class: `finding ${finding.certainty}`, title: "Zoom to this place"},
    make("span", {class: "swatch", "aria-hidden": "true"}),
    make("span", {class: "what"},
      make("strong", {text: `${finding.id} ${finding.label}`}),
      make("span", {text: finding.evidence ? `${words} region, outlined from the evidence map` : words})),
    make("span", {class: "score"},
      make("span", {text: finding.score}),
      make("small", {text: finding.evidence ? "evidence" : "score"})));
  button.setAttribute("aria-label", `${finding.id} ${finding.label}, ${words}, ${finding.evidence ? "evidence" : "score"} ${finding.score}, ` +
    `from ${x1}, ${y1} to ${x2}, ${y2}: zoom to it`);
  const light = on => find("boxes").querySelectorAll("g").forEach(
    group => group.classList.toggle("lit", on && group.dataset.finding === finding.id));
  button.addEventListener("click", () => zoom.to(finding.box));
  for (const [name, on] of [["pointerenter", true], ["pointerleave", false], ["focus", true], ["blur", false]])
    button.addEventListener(name, () => light(on));
  return make("li", {}, button);
}

function fact(term, value) {
  return value ? [make("dt", {text: term}), make("dd", {text: value})] : [];
}

function fillPanel(row) {
  const evidence = row.findings.some(finding => finding.evidence);
  const parts = [
    make("p", {class: row.fractured ? "headline hot" : "headline", text: row.fractured ? "Fractured" : "Not fractured"}),
    make("p", {class: "chance-line"}, meter(row), row.doubtful ? make("span", {class: "chip doubt", text: "doubtful"}) : null),
    make("p", {class: "fine", text: `Probability of a fracture, calibrated. Operating point “${row.point}”: fractured from ${row.thresholdPercent} on.` +
      (row.outOfScope ? " Doubtful: the image is unlike those that the model was trained with."
        : row.doubtful ? " Doubtful: another operating point would decide otherwise." : "")}),
    ...row.warnings.map(text => make("p", {class: "warning", text: `⚠ ${text}`})),
    row.view_missing ? make("p", {class: "warning", text: `No picture: ${row.view_missing}`}) : null,
    make("h3", {text: row.findings.length ? "Places" : "No place is marked"}),
    make("ol", {class: "findings"}, ...row.findings.map(findingItem)),
    row.findings.some(finding => !finding.evidence)
      ? make("p", {class: "fine", text: "The score ranks boxes; it is no probability."}) : null,
    evidence ? make("p", {class: "fine", text: "The detector gave no box that is shown, so the strongest region of the verdict’s evidence is outlined."}) : null,
    make("h3", {text: "Image"}),
    make("dl", {class: "about"},
      ...fact("Region", row.region),
      ...row.attributes.filter(([name]) => name !== "region").flatMap(([name, label, chance]) => fact(name, `${label} (${chance})`)),
      ...fact("DICOM", row.about.join(", ")),
      ...fact("Side", row.side),
      ...fact("Size", `${row.width} × ${row.height} pixels`),
      ...fact("Model", row.model)),
  ];
  find("panel").replaceChildren(...parts.filter(part => part !== null));
}

function showPicture(row) {
  const view = find("view");
  const note = find("stage-note");
  const missing = words => {
    note.textContent = words;
    note.hidden = false;
    view.hidden = true;
    canvas.classList.add("without");
  };
  canvas.classList.remove("without");
  note.hidden = true;
  view.hidden = false;
  view.alt = `Radiograph ${row.path}`;
  view.onerror = () => missing("The picture cannot be loaded. Keep the folder report_files beside this page.");
  if (row.view) view.src = address(row.view);
  else {
    view.removeAttribute("src");
    missing("The picture is missing; boxes are shown where they lie.");
  }
  if (row.heat) find("heat").src = address(row.heat);
  else find("heat").removeAttribute("src");
}

function showAt(index) {
  place = index;
  const row = readings[shownRows[place]];
  find("viewer-title").replaceChildren(pathElement(row));
  find("viewer-place").textContent = `${(place + 1).toLocaleString("en")} of ${shownRows.length.toLocaleString("en")}`;
  find("previous").disabled = place === 0;
  find("next").disabled = place === shownRows.length - 1;
  find("toast").textContent = "";
  showPicture(row);
  fillPanel(row);
  applyLayers();
  drawBoxes(find("boxes"), row, 1);
  zoom.show(row);
  const next = readings[shownRows[place + 1]];
  if (next && next.view && !next.view.startsWith("#")) new Image().src = next.view; // in the cache when it is wanted
}

function openAt(index) {
  if (!dialog.open) dialog.showModal();
  showAt(index);
  find("viewer-title").focus();
}

function step(by) {
  const wanted = place + by;
  if (wanted >= 0 && wanted < shownRows.length) {
    showAt(wanted);
    if (document.activeElement === document.body || document.activeElement.disabled) find("viewer-title").focus();
  }
}

// The list goes on where the viewer was left.
dialog.addEventListener("close", () => focusRow(place));
