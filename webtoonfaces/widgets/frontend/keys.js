// Keeps keys inside an explorer: Lumino, which JupyterLab and Notebook 7 are made of, runs no command for a key that is
// pressed below an element with this attribute. It is set on the explorer's root, which this widget is a child of.
function render({ model, el }) {
  let waiting = 0;
  function mark() {
    const root = el.closest(".wf");
    if (root) root.setAttribute("data-lm-suppress-shortcuts", "true");
    else waiting = requestAnimationFrame(mark); // it is not on the page yet
  }
  mark();
  model.send({ kind: "shown" });
  return () => cancelAnimationFrame(waiting);
}

export default { render };
