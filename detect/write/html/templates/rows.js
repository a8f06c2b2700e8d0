// The worklist: rows are made a screenful at a time, so that thousands stay light.

const BATCH = 100;
const readings = JSON.parse(find("readings").textContent);
const failures = JSON.parse(find("failures").textContent);
const rowElements = new Map(); // index in `readings` to its <li>

const verdictWords = row =>
  (row.fractured ? "fractured" : "not fractured") + (row.doubtful ? ", doubtful" : "");

const marked = row => row.findings.filter(finding => finding.certainty !== "none");

function placesElement(row) {
  const element = make("span", {class: "places"});
  for (const certainty of ["definite", "suspicious"]) {
    const count = row.findings.filter(finding => finding.certainty === certainty).length;
    if (count) element.append(make("span", {class: `mark ${certainty}`, text: `${count} ${certainty}`}));
  }
  if (!element.childNodes.length) element.append(make("span", {class: "none", text: "none"}));
  return element;
}

function meter(row) {
  const fill = make("span", {class: "fill"});
  fill.style.width = `${row.probability * 100}%`;
  const tick = make("span", {class: "tick"});
  tick.style.left = `${row.threshold * 100}%`;
  return make("span", {class: "chance"},
    make("span", {class: "percent", text: row.percent}),
    make("span", {class: row.fractured ? "meter hot" : "meter", title: `fractured from ${row.thresholdPercent} on`}, fill, tick));
}

function verdictElement(row) {
  return make("span", {class: "verdict"},
    make("span", {class: row.fractured ? "label hot" : "label", text: row.fractured ? "Fractured" : "Not fractured"}),
    row.doubtful ? make("span", {class: "chip doubt", text: "doubtful"}) : null);
}

function thumbElement(row, lazy = true) {
  const box = make("span", {class: "thumb"});
  if (row.thumb && lazy) {
    const image = make("img", {alt: "", loading: "lazy", decoding: "async"});
    image.src = address(row.thumb);
    image.addEventListener("error", () => box.replaceChildren(make("span", {class: "gone", text: "picture missing"})));
    box.append(image);
  } else if (!row.thumb) box.append(make("span", {class: "gone", text: "no picture"}));
  return box;
}

function rowElement(index) {
  const row = readings[index];
  const words = `${row.path}${row.frame === null ? "" : `, frame ${row.frame}`}: ${verdictWords(row)}, ` +
    `${row.percent}, ${plural(marked(row).length, "place")} marked` +
    (row.warnings.length ? `, ${plural(row.warnings.length, "warning")}` : "");
  const image = make("span", {class: "image"}, pathElement(row));
  if (row.warnings.length)
    image.append(make("span", {class: "warned", title: row.warnings.join("\n"), text: `⚠ ${row.warnings.join("; ")}`}));
  const button = make("button", {type: "button", class: "row", "data-index": index, "aria-label": words, "aria-haspopup": "dialog"},
    thumbElement(row), image, verdictElement(row), meter(row), placesElement(row),
    make("span", {class: "region", text: row.region || "–"}));
  const item = make("li", {}, button);
  rowElements.set(index, item);
  return item;
}

// Appends items to a list as they come into sight, or by a button.
class Growing {
  constructor(list, more, element) {
    this.list = list;
    this.more = more;
    this.element = element;
    this.items = [];
    this.shown = 0;
    more.querySelector("button").addEventListener("click", () => this.grow());
    new IntersectionObserver(entries => {
      if (entries.some(entry => entry.isIntersecting)) this.grow();
    }, {rootMargin: "1500px"}).observe(more);
  }

  show(items) {
    this.items = items;
    this.shown = 0;
    this.list.replaceChildren();
    this.grow();
  }

  grow(upTo = this.shown + BATCH) {
    const batch = this.items.slice(this.shown, upTo);
    this.list.append(...batch.map(this.element));
    this.shown += batch.length;
    this.more.hidden = this.shown >= this.items.length;
    this.more.querySelector("button").textContent =
      `Show more (${(this.items.length - this.shown).toLocaleString("en")} left)`;
    // still in sight: an observer tells of changes only, so look again
    if (!this.more.hidden && this.more.getBoundingClientRect().top < innerHeight + 1500)
      requestAnimationFrame(() => this.shown < this.items.length && this.grow());
  }
}

const worklist = new Growing(find("list"), find("more"), rowElement);

const failureElement = row => make("tr", {},
  make("td", {}, pathElement(row)),
  make("td", {text: row.reason}),
  make("td", {text: row.message}));

if (failures.length) {
  find("failed").hidden = false;
  new Growing(find("failures-body"), find("more-failures"), failureElement).show(failures);
}
