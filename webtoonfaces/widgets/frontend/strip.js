// A row of small pictures, one of which is chosen: click, or arrow keys. `value` is a place in the row; one in between,
// where a slider may stand, marks none.
function render({ model, el }) {
  const row = document.createElement("div");
  row.className = "wf-strip wf-own";
  row.setAttribute("role", "radiogroup");
  row.setAttribute("aria-label", model.get("title"));
  el.append(row);

  const cells = [];
  function add(label, i) {
    const cell = document.createElement("button");
    const image = document.createElement("img");
    const caption = document.createElement("span");
    cell.type = "button";
    cell.className = "wf-strip-cell";
    cell.setAttribute("role", "radio");
    cell.setAttribute("aria-label", `${model.get("title")} ${label}`);
    image.alt = "";
    image.draggable = false;
    caption.textContent = label;
    cell.append(image, caption);
    cell.addEventListener("click", () => choose(i));
    row.append(cell);
    cells.push(cell);
  }

  function fill() { // a history grows
    const labels = model.get("labels");
    while (cells.length > labels.length) cells.pop().remove();
    for (let i = cells.length; i < labels.length; i++) add(labels[i], i);
    mark();
    paint();
  }

  function choose(i) {
    model.set("value", i);
    model.save_changes();
    cells[i].focus({ preventScroll: true });
  }

  function mark() {
    const value = model.get("value");
    const nearest = Math.min(cells.length - 1, Math.max(0, Math.round(value)));
    cells.forEach((cell, i) => {
      cell.setAttribute("aria-checked", String(i === value));
      cell.tabIndex = i === nearest ? 0 : -1; // one stop for the tab key, arrows inside
      if (i === value && row.scrollWidth > row.clientWidth) {
        row.scrollLeft = cell.offsetLeft - (row.clientWidth - cell.offsetWidth) / 2;
      }
    });
  }

  function paint() {
    model.get("thumbnails").forEach((source, i) => {
      const image = cells[i]?.firstChild;
      if (!image) return;
      if (!source) image.removeAttribute("src");
      else if (image.src !== source) image.src = source;
    });
  }

  row.addEventListener("keydown", (event) => {
    const here = cells.indexOf(document.activeElement);
    const target = {
      ArrowLeft: here - 1, ArrowUp: here - 1, ArrowRight: here + 1, ArrowDown: here + 1,
      Home: 0, End: cells.length - 1,
    }[event.key];
    if (here < 0 || target === undefined) return;
    choose(Math.min(cells.length - 1, Math.max(0, target)));
    event.preventDefault();
    event.stopPropagation(); // the notebook would move to another cell
  });

  model.on("change:value", mark);
  model.on("change:labels", fill);
  model.on("change:thumbnails", paint);
  fill();
  return () => {
    model.off("change:value", mark);
    model.off("change:labels", fill);
    model.off("change:thumbnails", paint);
  };
}

export default { render };
