// What an explorer asks of the page around it. Keys stay inside. Undo and redo have their keys. Every control has a
// name that can be read aloud. A saved notebook keeps a still picture. The clipboard is written from here.
const MARK = "data-lm-suppress-shortcuts"; // Lumino (JupyterLab, Notebook 7) runs no command for keys pressed in it
const STATE = "application/vnd.jupyter.widget-state+json";
const STILL_PX = 512;
const FIELDS = "input:not([type=checkbox]):not([type=range]), textarea, [contenteditable=true]";

function render({ model, el }) {
  let root = null, waiting = 0, naming = 0, unfolding = 0;
  const undoing = [];
  const listen = (target, type, action, options) => {
    target.addEventListener(type, action, options);
    undoing.push(() => target.removeEventListener(type, action, options));
  };

  function find() {
    root = el.closest(".wf");
    if (root) return start();
    waiting = requestAnimationFrame(find); // it is not on the page yet
  }

  function start() {
    root.setAttribute(MARK, "true");
    // Commands of the notebook ask for the element with the focus itself, so it is marked, too.
    listen(root, "focusin", ({ target }) => target.setAttribute(MARK, "true"));
    listen(root, "keydown", key);
    listen(root, "click", unfolded);
    for (const type of ["keypress", "keyup"]) listen(root, type, (event) => event.stopPropagation());
    // One press of the pointer, up to its release, is one step of the history.
    listen(root, "pointerdown", () => model.send({ kind: "press" }), true);
    for (const type of ["pointerup", "pointercancel"]) {
      listen(window, type, () => model.send({ kind: "release" }), true);
    }
    const observer = new MutationObserver(() => {
      naming ||= requestAnimationFrame(() => {
        naming = 0;
        name(root);
      });
    });
    const attributes = ["class", "title", "src", "placeholder"];
    observer.observe(root, { childList: true, subtree: true, attributes: true, attributeFilter: attributes });
    undoing.push(() => observer.disconnect());
    name(root);
    keepStill();
  }

  // What has just been unfolded comes into sight, as far as the controls scroll; nothing else on the page moves.
  function unfolded({ target }) {
    const button = target.closest(".wf-accordion button"), fold = button?.closest(".wf-accordion");
    const controls = fold?.closest(".wf-controls");
    const place = controls ? [...fold.firstElementChild.querySelectorAll("button")].indexOf(button) : -1;
    if (place < 0) return;
    const panel = fold.children[place + 1];
    let left = 20;
    const look = () => { // the kernel shows it, and may be busy
      if (!button.classList.contains("mod-active") || !left--) return;
      if (!panel.offsetParent) {
        unfolding = setTimeout(look, 100);
        return;
      }
      const seen = controls.getBoundingClientRect(), wanted = panel.getBoundingClientRect();
      const hidden = Math.min(wanted.bottom + 24 - seen.bottom, wanted.top - 8 - seen.top);
      if (hidden > 0) controls.scrollTop += hidden;
    };
    clearTimeout(unfolding);
    unfolding = setTimeout(look, 50);
  }

  function key(event) {
    const { target, ctrlKey, metaKey, shiftKey } = event, pressed = event.key.toLowerCase();
    if ((ctrlKey || metaKey) && !target.matches(FIELDS)) { // a field undoes its own text
      const kind = pressed === "z" ? (shiftKey ? "redo" : "undo") : pressed === "y" ? "redo" : "";
      if (kind) {
        model.send({ kind });
        event.preventDefault();
      }
    }
    if ((ctrlKey || metaKey) && pressed === "s") event.preventDefault(); // the browser would save the page
    event.stopPropagation();
  }

  // A still picture as a plain widget under the explorer's id, written when the notebook is saved: a notebook that is
  // opened again without its kernel shows it.
  function keepStill() {
    const context = model.widget_manager?.context;
    if (!context?.saveState?.connect) return; // not JupyterLab or Notebook 7
    const save = async (_, phase) => {
      const id = model.get("owner"), picture = still(root);
      if (phase !== "started" || !id || !picture || !root.isConnected) return;
      const shared = context.model.sharedModel, layout = `${id}-layout`;
      const known = shared.getMetadata("widgets") ?? {};
      const state = { ...known[STATE]?.state };
      state[layout] = { model_name: "LayoutModel", model_module: "@jupyter-widgets/base", model_module_version: "*", state: {} };
      state[id] = {
        model_name: "HTMLModel", model_module: "@jupyter-widgets/controls", model_module_version: "*",
        state: { layout: `IPY_MODEL_${layout}`, value: picture },
      };
      const bundle = { version_major: 2, version_minor: 0, state };
      shared.setMetadata("widgets", { ...known, [STATE]: bundle });
    };
    context.saveState.connect(save);
    undoing.push(() => context.saveState.disconnect(save));
  }

  async function said({ kind, text }) {
    if (kind !== "copy") return;
    try {
      await navigator.clipboard.writeText(text);
      model.send({ kind: "copied" });
    } catch {
      const field = root?.querySelector(".wf-code textarea"); // no permission: the text is marked, ready for the keys
      field?.select();
      model.send({ kind: field && document.execCommand("copy") ? "copied" : "not copied" });
    }
  }

  model.on("msg:custom", said);
  find();
  model.send({ kind: "shown" });
  return () => {
    cancelAnimationFrame(waiting);
    cancelAnimationFrame(naming);
    clearTimeout(unfolding);
    model.off("msg:custom", said);
    undoing.forEach((undo) => undo());
  };
}

function still(root) {
  const image = root.querySelector(".wf-view img");
  if (!image?.naturalWidth) return "";
  const scale = Math.min(1, STILL_PX / Math.max(image.naturalWidth, image.naturalHeight));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(image.naturalWidth * scale);
  canvas.height = Math.round(image.naturalHeight * scale);
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  const note = "A picture of the explorer as it was saved. Run the cell to use it again.";
  return `<img alt="the explorer's picture" src="${canvas.toDataURL("image/jpeg", 0.88)}"><br><small>${note}</small>`;
}

// Names for what ipywidgets leaves without one. It sets no attribute to what it is already: that would call it again.
function name(root) {
  const put = (element, attribute, value) => {
    if (element && value && element.getAttribute(attribute) !== value) element.setAttribute(attribute, value);
  };
  const all = (selector, action) => root.querySelectorAll(selector).forEach(action);
  const words = (element) => element?.textContent.trim() ?? "";

  put(root, "role", "group");
  put(root, "aria-label", root.dataset.name || "explorer");
  all('[title="null"]', (one) => one.removeAttribute("title"));
  all('[aria-label="null"]', (one) => one.removeAttribute("aria-label"));
  all("i.fa", (icon) => put(icon, "aria-hidden", "true"));
  all(".wf-group", (group) => {
    put(group, "role", "group");
    put(group, "aria-label", words(group.querySelector(".wf-heading")));
  });
  all(".widget-slider", (slider) => {
    const label = words(slider.querySelector(".widget-label")) || "slider";
    const handles = slider.querySelectorAll(".noUi-handle");
    handles.forEach((handle, index) => {
      put(handle, "aria-label", handles.length > 1 ? `${label}, ${index ? "last" : "first"}` : label);
    });
    const readout = slider.querySelector(".widget-readout");
    put(readout, "role", "textbox");
    put(readout, "aria-label", `${label}, as a number`);
  });
  all("button", (button) => {
    if (button.closest(".wf-own")) return; // the explorer's own scripts name theirs
    const label = words(button);
    if (label) put(button, "aria-label", button.title.startsWith(label) ? button.title : label);
    else put(button, "aria-label", button.title);
    if (button.matches(".widget-toggle-button, .widget-toggle-buttons button, .jupyter-widget-toggle-button")) {
      const folds = button.closest(".wf-accordion") && button.querySelector(".fa-caret-right, .fa-caret-down");
      put(button, folds ? "aria-expanded" : "aria-pressed", String(button.classList.contains("mod-active")));
    }
  });
  all("input, textarea, select", (field) => {
    const labels = [...(field.labels ?? [])].map(words).join(" ").trim();
    if (!labels) put(field, "aria-label", field.title || field.placeholder || words(field.closest(".wf-group")?.querySelector(".wf-heading")));
  });
  all(".widget-image, .jupyter-widgets img", (image) => {
    if (image.closest(".wf-own") || image.hasAttribute("alt")) return;
    image.setAttribute("alt", image.parentElement?.matches(".wf-view") ? "the picture" : "");
  });
}

export default { render };
