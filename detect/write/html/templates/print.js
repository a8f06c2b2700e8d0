// On paper: a row per image that the filters show, then the fractured ones, large.

function sheet(row) {
  const picture = make("div", {class: "sheet-picture"});
  if (row.view) picture.append(make("img", {alt: "", src: address(row.view)}));
  const svg = makeSvg("svg", {preserveAspectRatio: "none"});
  picture.append(svg);
  picture.style.aspectRatio = `${row.width} / ${row.height}`;
  picture.style.width = `min(100%, ${(row.width / row.height) * 105}mm)`; // two on a page
  drawBoxes(svg, row, Math.max(row.width, row.height) / 420);
  return make("article", {class: "sheet"},
    make("h3", {}, pathElement(row)),
    make("p", {text: `${verdictWords(row)}, probability ${row.percent} (fractured from ${row.thresholdPercent} on)`}),
    make("div", {class: "sheet-body"}, picture,
      make("ol", {class: "sheet-findings"}, ...marked(row).map(finding =>
        make("li", {class: `mark ${finding.certainty}`, text: `${findingLabel(finding)}, ${finding.certainty}`})))),
    ...(row.view ? [] : [make("p", {text: `No picture: ${row.view_missing}`})]),
    ...row.warnings.map(text => make("p", {class: "warning", text: `⚠ ${text}`})));
}

function layOutForPrint() {
  worklist.grow(worklist.items.length);
  const fractured = shownRows.map(index => readings[index]).filter(row => row.fractured);
  find("sheets").replaceChildren(...fractured.map(sheet));
  for (const image of document.querySelectorAll(".rows img, .sheets img")) image.loading = "eager";
}

// The browser would print before pictures have come, so the button waits for them.
async function printPage() {
  layOutForPrint();
  find("count").dataset.words = find("count").textContent;
  find("count").textContent = "Preparing pictures …";
  const images = [...document.querySelectorAll(".rows img, .sheets img")];
  await Promise.allSettled(images.map(image => image.decode()));
  find("count").textContent = find("count").dataset.words;
  print();
}

addEventListener("beforeprint", () => {
  if (!find("sheets").childNodes.length) layOutForPrint();
});
addEventListener("afterprint", () => find("sheets").replaceChildren());
find("print").addEventListener("click", printPage);
