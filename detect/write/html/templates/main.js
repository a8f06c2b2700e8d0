// Keys, print, and the first list.

let current = -1; // in `shownRows`: the row that the keys have reached

function focusRow(index) {
  if (index < 0 || index >= shownRows.length) return;
  current = index;
  if (index >= worklist.shown) worklist.grow(index + BATCH);
  const button = rowElements.get(shownRows[index]).firstChild;
  button.focus({preventScroll: true});
  button.scrollIntoView({block: "nearest"});
}

const listKeys = {
  j: () => focusRow(Math.min(current + 1, shownRows.length - 1)),
  k: () => focusRow(Math.max(current - 1, 0)),
};
listKeys.ArrowDown = listKeys.j;
listKeys.ArrowUp = listKeys.k;

const viewerKeys = {
  j: () => step(1),
  k: () => step(-1),
  b: () => toggle("boxes"),
  h: () => toggle("heat"),
  "+": () => zoom.by(1.5),
  "=": () => zoom.by(1.5),
  "-": () => zoom.by(1 / 1.5),
  0: () => zoom.reset(),
};
viewerKeys.ArrowRight = viewerKeys.ArrowDown = viewerKeys.j;
viewerKeys.ArrowLeft = viewerKeys.ArrowUp = viewerKeys.k;

document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || find("help").open) return;
  const typing = event.target.matches("input:not([type=checkbox]), select");
  if (event.key === "Escape" && event.target === find("search")) {
    event.target.blur();
    return;
  }
  if (typing) return;
  if (event.key === "?") find("help").showModal();
  else if (event.key === "/" && !dialog.open) find("search").focus();
  else {
    const action = (dialog.open ? viewerKeys : listKeys)[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action) return;
    action();
  }
  event.preventDefault();
});

find("list").addEventListener("click", event => {
  const button = event.target.closest(".row");
  if (button) openAt(shownRows.indexOf(Number(button.dataset.index)));
});
find("list").addEventListener("focusin", event => {
  const button = event.target.closest(".row");
  if (button) current = shownRows.indexOf(Number(button.dataset.index));
});

const clicks = {
  close: () => dialog.close(),
  previous: () => step(-1),
  next: () => step(1),
  "toggle-boxes": () => toggle("boxes"),
  "toggle-heat": () => toggle("heat"),
  "zoom-in": () => zoom.by(1.5),
  "zoom-out": () => zoom.by(1 / 1.5),
  "zoom-fit": () => zoom.reset(),
  "show-help": () => find("help").showModal(),
  reset: resetFilters,
};
for (const [id, action] of Object.entries(clicks)) find(id).addEventListener("click", action);

find("filters").addEventListener("input", () => {
  current = -1;
  applyFilters();
});
find("filters").addEventListener("submit", event => event.preventDefault());

addRegions();
applyFilters();
