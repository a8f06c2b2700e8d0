// Which rows are shown: by verdict, certainty, region, warnings, and a text in the path.

const UNKNOWN = "\u0000"; // no region is called so
let shownRows = []; // indexes in `readings`, in the order of the list

function addRegions() {
  const counts = new Map();
  for (const row of readings) counts.set(row.region, (counts.get(row.region) || 0) + 1);
  find("region-pick").hidden = counts.size < 2 && !(counts.size === 1 && !counts.has(""));
  for (const name of [...counts.keys()].sort((a, b) => a.localeCompare(b)))
    if (name) find("region").append(make("option", {value: name, text: `${name} (${counts.get(name)})`}));
  if (counts.get("") && counts.size > 1)
    find("region").append(make("option", {value: UNKNOWN, text: `not known (${counts.get("")})`}));
  find("warned-pick").hidden = !readings.some(row => row.warnings.length);
}

// Every word must be in the path; case and accents as typed do not matter.
const plain = text => text.normalize("NFD").replace(/\p{Mn}/gu, "").toLowerCase();

function matcher() {
  const verdict = new FormData(find("filters")).get("verdict");
  const certainty = find("certainty").value;
  const region = find("region").value;
  const warned = find("warned").checked;
  const words = plain(find("search").value).split(/\s+/).filter(Boolean);
  return row =>
    (!verdict || (verdict === "fractured") === row.fractured) &&
    (!certainty || (certainty === "doubtful") === row.doubtful) &&
    (!region || row.region === (region === UNKNOWN ? "" : region)) &&
    (!warned || row.warnings.length > 0) &&
    (!words.length || (name => words.every(word => name.includes(word)))(plain(row.path)));
}

function applyFilters() {
  const matches = matcher();
  shownRows = [...readings.keys()].filter(index => matches(readings[index]));
  rowElements.clear();
  worklist.show(shownRows);
  find("empty").hidden = shownRows.length > 0 || readings.length === 0;
  find("count").textContent = shownRows.length === readings.length
    ? plural(readings.length, "image")
    : `${shownRows.length.toLocaleString("en")} of ${plural(readings.length, "image")}`;
}

function resetFilters() {
  find("filters").reset();
  applyFilters();
}
