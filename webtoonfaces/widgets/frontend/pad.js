// A square to drag in: x and y run from 0 to 1, (0, 0) is top left. One message an animation frame, none after release.
function render({ model, el }) {
  const pad = document.createElement("div");
  const handle = document.createElement("div");
  pad.className = "wf-pad wf-own";
  handle.className = "wf-pad-handle";
  handle.tabIndex = 0;
  handle.setAttribute("role", "slider");
  handle.setAttribute("aria-label", "position between the four corners");
  handle.setAttribute("aria-roledescription", "two-dimensional slider");
  pad.append(handle);
  el.append(pad);

  const corners = ["top left", "top right", "bottom left", "bottom right"].map((name, i) => {
    const image = document.createElement("img");
    image.className = `wf-pad-corner wf-pad-corner-${i}`;
    image.alt = `corner ${name}`;
    image.draggable = false;
    pad.append(image);
    return image;
  });

  const clamp = (value) => Math.min(1, Math.max(0, value));
  let waiting = 0;

  function place() {
    const x = model.get("x"), y = model.get("y");
    handle.style.left = `${100 * x}%`;
    handle.style.top = `${100 * y}%`;
    handle.setAttribute("aria-valuemin", "0");
    handle.setAttribute("aria-valuemax", "100");
    handle.setAttribute("aria-valuenow", String(Math.round(100 * x)));
    handle.setAttribute("aria-valuetext", `${Math.round(100 * x)} % to the right, ${Math.round(100 * y)} % down`);
  }

  function paint() {
    model.get("thumbnails").forEach((source, i) => {
      if (corners[i] && corners[i].src !== source) corners[i].src = source;
    });
  }

  function send(x, y, dragging) {
    model.set("x", clamp(x));
    model.set("y", clamp(y));
    model.set("dragging", dragging);
    place();
    if (!waiting) {
      waiting = requestAnimationFrame(() => {
        waiting = 0;
        model.save_changes();
      });
    }
  }

  function at(event) {
    const box = pad.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  }

  let down = false;
  pad.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    down = true;
    pad.setPointerCapture(event.pointerId);
    handle.focus({ preventScroll: true });
    send(...at(event), true);
    event.preventDefault();
  });
  pad.addEventListener("pointermove", (event) => {
    if (down) send(...at(event), true);
  });
  const release = (event) => {
    if (!down) return;
    down = false;
    send(...(event.type === "pointerup" ? at(event) : [model.get("x"), model.get("y")]), false);
  };
  pad.addEventListener("pointerup", release);
  pad.addEventListener("pointercancel", release);

  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  handle.addEventListener("keydown", (event) => {
    const step = steps[event.key];
    if (!step) return;
    const size = event.shiftKey ? 0.1 : 0.02;
    send(model.get("x") + size * step[0], model.get("y") + size * step[1], false);
    event.preventDefault();
    event.stopPropagation(); // the notebook would move to another cell
  });

  model.on("change:x", place);
  model.on("change:y", place);
  model.on("change:thumbnails", paint);
  place();
  paint();
  return () => {
    model.off("change:x", place);
    model.off("change:y", place);
    model.off("change:thumbnails", paint);
  };
}

export default { render };
