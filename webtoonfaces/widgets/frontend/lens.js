// What can be done with the picture: compare it with its source, enlarge it, copy it, save it with the browser.
const FAR = 0.1, NEAR = 0.02; // steps of the arrow keys, with and without Shift

function render({ model, el }) {
  const bar = document.createElement("div");
  const cover = document.createElement("div");
  const before = document.createElement("div");
  const after = document.createElement("div");
  const handle = document.createElement("div");
  const spoken = document.createElement("span");
  bar.className = "wf-lens-bar wf-own";
  cover.className = "wf-lens";
  cover.hidden = true;
  before.className = "wf-lens-before";
  after.className = "wf-lens-after";
  // Each half says what it is, in a corner; a tag is cut by the line together with the half that it names.
  const tags = [before, after].map((half) => half.appendChild(document.createElement("span")));
  tags.forEach((tag) => (tag.className = "wf-lens-tag"));
  handle.className = "wf-lens-handle";
  handle.tabIndex = 0;
  handle.setAttribute("role", "slider");
  handle.setAttribute("aria-valuemin", "0");
  handle.setAttribute("aria-valuemax", "100");
  spoken.className = "wf-lens-said";
  spoken.setAttribute("role", "status");
  cover.append(before, after, handle);
  el.append(cover, bar);

  const make = (name, title, action) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = `wf-lens-button wf-lens-${name.toLowerCase()}`;
    button.textContent = name;
    button.title = title;
    button.addEventListener("click", action);
    bar.append(button);
    return button;
  };
  const compare = make("Compare", "Drag a line over the picture, between it and its source", () => {
    model.set("comparing", !model.get("comparing"));
    model.save_changes();
  });
  const enlarge = make("Enlarge", "Show the picture as wide as the cell", () => {
    const large = el.closest(".wf").classList.toggle("wf-large");
    enlarge.setAttribute("aria-pressed", String(large));
    enlarge.textContent = large ? "Shrink" : "Enlarge";
  });
  enlarge.setAttribute("aria-pressed", "false");
  make("Copy", "Copy the picture to the clipboard", copy);
  make("Download", "Save a PNG with its recipe where the browser saves files", () => model.send({ kind: "download" }));
  bar.append(spoken);

  let at = 0.5, down = false, fading = 0;
  function place(value) {
    at = Math.min(1, Math.max(0, value));
    cover.style.setProperty("--at", `${100 * at}%`);
    handle.setAttribute("aria-valuenow", String(Math.round(100 * at)));
    handle.setAttribute("aria-valuetext", `${model.get("source")} up to ${Math.round(100 * at)} %`);
  }

  function say(text) {
    spoken.textContent = text;
    clearTimeout(fading);
    fading = setTimeout(() => (spoken.textContent = ""), 4000);
  }

  const picture = () => el.closest(".wf-view")?.querySelector("img");

  function copy() {
    const image = picture();
    if (!image?.naturalWidth) return say("no picture yet");
    const canvas = document.createElement("canvas");
    canvas.width = image.naturalWidth;
    canvas.height = image.naturalHeight;
    canvas.getContext("2d").drawImage(image, 0, 0);
    const blob = new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
    Promise.resolve()
      .then(() => navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]))
      .then(() => say("copied"), () => say("this browser does not let pages copy pictures"));
  }

  function said({ kind, name }, buffers) {
    if (kind !== "file") return;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(buffers, { type: "image/png" }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    say("downloaded");
  }

  function paint() {
    const has = Boolean(model.get("source")), on = has && model.get("comparing");
    compare.hidden = !has;
    compare.setAttribute("aria-pressed", String(on));
    cover.hidden = !(on && model.get("before"));
    before.style.backgroundImage = model.get("before") ? `url("${model.get("before")}")` : "";
    const names = [model.get("source"), model.get("result")];
    tags.forEach((tag, index) => (tag.textContent = names[index]));
    handle.setAttribute("aria-label", `left of the line ${names[0]}, right of it ${names[1]}`);
    place(at);
  }

  const across = (event) => {
    const box = cover.getBoundingClientRect();
    return (event.clientX - box.left) / box.width;
  };
  cover.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    down = true;
    cover.setPointerCapture(event.pointerId);
    handle.focus({ preventScroll: true });
    place(across(event));
    event.preventDefault();
  });
  cover.addEventListener("pointermove", (event) => down && place(across(event)));
  for (const type of ["pointerup", "pointercancel"]) cover.addEventListener(type, () => (down = false));
  handle.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? FAR : NEAR;
    const target = { ArrowLeft: at - step, ArrowRight: at + step, Home: 0, End: 1 }[event.key];
    if (target === undefined) return;
    place(target);
    event.preventDefault();
  });

  const watched = ["change:before", "change:source", "change:result", "change:comparing"];
  watched.forEach((name) => model.on(name, paint));
  model.on("msg:custom", said);
  paint();
  return () => {
    watched.forEach((name) => model.off(name, paint));
    model.off("msg:custom", said);
  };
}

export default { render };
