// Elements made without markup: whatever a name holds, it stays text.
"use strict";

const find = id => document.getElementById(id);

function make(tag, options = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(options)) {
    if (name === "class") element.className = value;
    else if (name === "text") element.textContent = value;
    else if (value !== null && value !== undefined && value !== false)
      element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter(child => child !== null));
  return element;
}

function makeSvg(tag, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

// A picture is either a file beside the page or an inert element inside it.
const address = name => (name.startsWith("#") ? find(name.slice(1)).textContent : name);

// Lines may break after what joins words in names.
const breakable = text => text.split(/(?<=[_\-/])/).flatMap((part, index) => (index ? [make("wbr"), part] : [part]));

// The folder, muted, and the file's own name; both isolated from the text around.
function pathElement(row) {
  const cut = row.path.lastIndexOf("/") + 1;
  const frame = row.frame === null ? "" : `frame ${row.frame}`;
  return make("bdi", {class: "path"},
    cut ? make("span", {class: "folder"}, ...breakable(row.path.slice(0, cut))) : null,
    make("span", {class: "name"}, ...breakable(row.path.slice(cut))),
    frame ? make("span", {class: "chip", text: frame}) : null);
}

const plural = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;
