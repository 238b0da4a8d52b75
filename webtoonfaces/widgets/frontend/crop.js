// The photo with a numbered button round each face, and a square to draw on it. Boxes are left, top, right, bottom in
// shares of the photo's sides; a drawn one is sent once, when the pointer is released or Enter is pressed.
const A_CLICK = 6; // px: a shorter movement is a click and draws nothing
const HELP = "Press a number to pick a face, or drag to draw a crop. With the keyboard: Enter starts a crop, " +
  "arrows move it, Shift and arrows size it, Enter takes it, Escape drops it.";

function render({ model, el }) {
  const board = document.createElement("div");
  const image = document.createElement("img");
  const crop = document.createElement("div");
  const spoken = document.createElement("div");
  board.className = "wf-board wf-own";
  board.tabIndex = 0;
  board.title = HELP;
  board.setAttribute("role", "group");
  board.setAttribute("aria-label", `photo with faces. ${HELP}`);
  image.alt = "the whole photo";
  image.draggable = false;
  crop.className = "wf-board-crop";
  crop.hidden = true;
  spoken.className = "wf-board-spoken";
  spoken.setAttribute("aria-live", "polite");
  board.append(image, crop, spoken);
  el.append(board);

  let drawing = null; // {x, y, side} in px of the shown photo
  let start = null; // where the pointer went down
  let buttons = [];

  const size = () => [image.clientWidth || 1, image.clientHeight || 1];
  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

  function place(element, [left, top, right, bottom]) {
    element.style.left = `${100 * left}%`;
    element.style.top = `${100 * top}%`;
    element.style.width = `${100 * (right - left)}%`;
    element.style.height = `${100 * (bottom - top)}%`;
  }

  function shares({ x, y, side }) {
    const [width, height] = size();
    return [x / width, y / height, (x + side) / width, (y + side) / height].map((share) => clamp(share, 0, 1));
  }

  function show(box) {
    drawing = box;
    crop.hidden = !box;
    if (box) place(crop, shares(box));
  }

  function take() {
    if (!drawing) return;
    model.set("drawn", shares(drawing));
    model.save_changes();
    spoken.textContent = "crop taken";
    show(null);
  }

  function pick(index) {
    model.set("picked", index);
    model.save_changes();
  }

  function paint() {
    if (image.src !== model.get("picture")) image.src = model.get("picture");
    board.hidden = !model.get("picture");
    const boxes = model.get("boxes");
    while (buttons.length > boxes.length) buttons.pop().remove();
    while (buttons.length < boxes.length) {
      const index = buttons.length;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "wf-board-face";
      button.innerHTML = `<span>${index + 1}</span>`;
      button.setAttribute("aria-label", `face ${index + 1}`);
      button.addEventListener("click", () => pick(index));
      board.insertBefore(button, crop);
      buttons.push(button);
    }
    boxes.forEach((box, index) => {
      place(buttons[index], box);
      buttons[index].setAttribute("aria-pressed", String(index === model.get("picked")));
    });
  }

  function at(event) {
    const box = image.getBoundingClientRect();
    return [clamp(event.clientX - box.left, 0, box.width), clamp(event.clientY - box.top, 0, box.height)];
  }

  board.addEventListener("pointerdown", (event) => {
    if (event.button === 0) start = at(event);
  });
  board.addEventListener("pointermove", (event) => {
    if (!start) return;
    const [x, y] = at(event), [width, height] = size();
    const across = x - start[0], down = y - start[1];
    if (!drawing && Math.hypot(across, down) < A_CLICK) return;
    // Captured only now, so that a press on a face's button stays one.
    if (!board.hasPointerCapture(event.pointerId)) board.setPointerCapture(event.pointerId);
    const room = [across < 0 ? start[0] : width - start[0], down < 0 ? start[1] : height - start[1]];
    const side = Math.min(Math.max(Math.abs(across), Math.abs(down)), ...room);
    show({ x: across < 0 ? start[0] - side : start[0], y: down < 0 ? start[1] - side : start[1], side });
    event.preventDefault();
  });
  board.addEventListener("pointerup", () => {
    const dragged = start && drawing;
    start = null;
    if (dragged) take();
  });
  board.addEventListener("pointercancel", () => {
    start = null;
    show(null);
  });

  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  board.addEventListener("keydown", (event) => {
    if (event.target !== board) return; // a face's button has keys of its own
    const [width, height] = size(), shorter = Math.min(width, height), step = steps[event.key];
    if (event.key === "Enter" && drawing) {
      take();
    } else if (event.key === "Enter") {
      show({ x: (width - shorter / 2) / 2, y: (height - shorter / 2) / 2, side: shorter / 2 });
      spoken.textContent = "crop in the middle of the photo";
    } else if (event.key === "Escape" && drawing) {
      show(null);
      spoken.textContent = "crop dropped";
    } else if (step && drawing) {
      const pace = shorter / 40;
      let { x, y, side } = drawing;
      if (event.shiftKey) {
        side = clamp(side + pace * (step[0] - step[1]), shorter / 20, shorter);
      } else {
        x += pace * step[0];
        y += pace * step[1];
      }
      show({ x: clamp(x, 0, width - side), y: clamp(y, 0, height - side), side });
      const said = shares(drawing).map((share) => Math.round(100 * share));
      spoken.textContent = `crop from ${said[0]} to ${said[2]} % across, ${said[1]} to ${said[3]} % down`;
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation(); // the notebook would take the key for its own
  });

  const watched = ["change:picture", "change:boxes", "change:picked"];
  watched.forEach((name) => model.on(name, paint));
  paint();
  return () => watched.forEach((name) => model.off(name, paint));
}

export default { render };
