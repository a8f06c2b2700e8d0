// Sorting of the pictures. Without it they stand worst first.
"use strict";
const orders = {
  worst: (one, other) => one.place - other.place,
  probability: (one, other) => one.probability - other.probability,
  name: (one, other) => one.name.localeCompare(other.name, "en", { numeric: true }),
  region: (one, other) => one.region.localeCompare(other.region, "en"),
};
for (const form of document.querySelectorAll(".sort")) {
  const list = document.getElementById(form.dataset.list);
  const items = [...list.children].map((element, place) => ({
    element,
    place,
    probability: Number(element.dataset.probability),
    name: element.dataset.name,
    region: element.dataset.region,
  }));
  const select = form.querySelector("select");
  const reverse = form.querySelector("input");
  const sort = () => {
    const order = orders[select.value];
    const sign = reverse.checked ? -1 : 1;
    items.sort((one, other) => sign * order(one, other) || one.place - other.place);
    list.append(...items.map((item) => item.element));
  };
  select.addEventListener("change", sort);
  reverse.addEventListener("change", sort);
  form.hidden = false;
}
