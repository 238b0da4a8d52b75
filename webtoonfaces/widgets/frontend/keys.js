// Keeps keys inside an explorer: Lumino, which JupyterLab and Notebook 7 are made of, runs no command for a key whose
// target has this attribute. Commands of the notebook ask for the element with the focus itself, so it is set there.
const MARK = "data-lm-suppress-shortcuts";

function render({ model, el }) {
  let root = null, waiting = 0;
  const mark = ({ target }) => target.setAttribute(MARK, "true");
  function find() {
    root = el.closest(".wf");
    if (!root) {
      waiting = requestAnimationFrame(find); // it is not on the page yet
      return;
    }
    root.setAttribute(MARK, "true");
    root.addEventListener("focusin", mark);
  }
  find();
  model.send({ kind: "shown" });
  return () => {
    cancelAnimationFrame(waiting);
    root?.removeEventListener("focusin", mark);
  };
}

export default { render };
