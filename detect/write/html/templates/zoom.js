// The picture fitted into the stage, enlarged about a point, and moved.

const MOST = 16;
const stage = find("stage");
const canvas = find("canvas");

const zoom = {
  row: null, fit: 1, level: 1, x: 0, y: 0, // fit: screen pixels for one of the radiograph

  show(row) {
    this.row = row;
    this.reset();
  },

  reset() {
    this.level = 1;
    this.x = this.y = 0;
    this.layOut();
  },

  layOut() {
    const {clientWidth, clientHeight} = stage;
    if (!this.row || !clientWidth || !clientHeight) return; // closed
    this.fit = Math.min(clientWidth / this.row.width, clientHeight / this.row.height);
    canvas.style.width = `${this.row.width * this.fit}px`;
    canvas.style.height = `${this.row.height * this.fit}px`;
    this.apply();
  },

  apply() {
    const {clientWidth, clientHeight} = stage;
    const width = this.row.width * this.fit * this.level;
    const height = this.row.height * this.fit * this.level;
    // some of the picture always stays in the middle of the stage
    const most = [Math.max(0, (width - clientWidth) / 2), Math.max(0, (height - clientHeight) / 2)];
    this.x = Math.max(-most[0], Math.min(most[0], this.x));
    this.y = Math.max(-most[1], Math.min(most[1], this.y));
    canvas.style.transform = `translate(-50%, -50%) translate(${this.x}px, ${this.y}px) scale(${this.level})`;
    stage.classList.toggle("zoomed", this.level > 1);
    find("zoom-level").textContent = this.level === 1 ? "fit" : `${this.level.toFixed(1)}×`;
    labelBoxes(find("boxes"), this.row, this.unit());
  },

  unit() {
    return 1 / (this.fit * this.level);
  },

  // (x, y): the point of the screen that stays where it is.
  by(factor, x, y) {
    const level = Math.max(1, Math.min(MOST, this.level * factor));
    const bounds = stage.getBoundingClientRect();
    const fromMiddle = [
      (x ?? bounds.left + bounds.width / 2) - bounds.left - bounds.width / 2,
      (y ?? bounds.top + bounds.height / 2) - bounds.top - bounds.height / 2,
    ];
    const ratio = level / this.level;
    this.x = fromMiddle[0] - (fromMiddle[0] - this.x) * ratio;
    this.y = fromMiddle[1] - (fromMiddle[1] - this.y) * ratio;
    this.level = level;
    this.apply();
  },

  // Brings a box into the middle, filling about half of the stage.
  to([x1, y1, x2, y2]) {
    const room = Math.min(stage.clientWidth / (x2 - x1), stage.clientHeight / (y2 - y1)) / 2;
    this.level = Math.max(1, Math.min(MOST, room / this.fit));
    const scale = this.fit * this.level;
    this.x = (this.row.width / 2 - (x1 + x2) / 2) * scale;
    this.y = (this.row.height / 2 - (y1 + y2) / 2) * scale;
    this.apply();
  },
};

const pointers = new Map();

stage.addEventListener("wheel", event => {
  event.preventDefault();
  zoom.by(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), event.clientX, event.clientY);
}, {passive: false});
stage.addEventListener("dblclick", event => {
  if (zoom.level > 1) zoom.reset();
  else zoom.by(3, event.clientX, event.clientY);
});
stage.addEventListener("pointerdown", event => {
  pointers.set(event.pointerId, event);
  stage.setPointerCapture(event.pointerId);
});
stage.addEventListener("pointermove", event => {
  const before = pointers.get(event.pointerId);
  if (!before) return;
  const other = [...pointers.values()].find(one => one.pointerId !== event.pointerId);
  if (other) {
    const apart = one => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
    zoom.by(apart(event) / Math.max(1, apart(before)),
      (event.clientX + other.clientX) / 2, (event.clientY + other.clientY) / 2);
  } else {
    zoom.x += event.clientX - before.clientX;
    zoom.y += event.clientY - before.clientY;
    zoom.apply();
  }
  pointers.set(event.pointerId, event);
});
for (const name of ["pointerup", "pointercancel"])
  stage.addEventListener(name, event => pointers.delete(event.pointerId));
new ResizeObserver(() => zoom.layOut()).observe(stage);
