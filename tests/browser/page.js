// Lives in the page of the tests. The kernel is asked by its own protocol, a picture is its bytes.
window.wf = {
  complaints: [], // what the kernel said on stderr, and its errors
  shown: [], // when pictures appeared, in ms

  panel: () => window.jupyterapp?.shell.currentWidget,
  kernel: () => wf.panel()?.sessionContext?.session?.kernel,
  ready: () => wf.kernel()?.status === "idle",

  listen() {
    wf.kernel().iopubMessage.connect((_, { header, content }) => {
      if (header.msg_type === "error") wf.complaints.push(content.traceback.join("\n"));
      // Before ipywidgets is imported, JupyterLab asks the kernel for widgets that it cannot have.
      if (header.msg_type !== "stream" || content.name !== "stderr" || content.text.startsWith("No such comm")) return;
      wf.complaints.push(content.text);
    });
    const loaded = ({ target }) => target.closest?.(".wf-view") && wf.shown.push(performance.now());
    document.addEventListener("load", loaded, true);
  },

  // Put code into the notebook's only cell and run it. Not awaited: that would be until its widgets are on the page.
  show(code) {
    wf.panel().content.widgets[0].model.sharedModel.setSource(code);
    jupyterapp.commands.execute("notebook:run-all-cells");
  },

  // Run code in the kernel -> what it prints.
  async run(code) {
    let text = "";
    const future = wf.kernel().requestExecute({ code, store_history: false });
    future.onIOPub = ({ header, content }) => {
      if (header.msg_type === "stream" && content.name === "stdout") text += content.text;
    };
    const { content } = await future.done;
    if (content.status !== "ok") throw new Error(`${content.ename}: ${content.evalue}\n${code}`);
    return text.trim();
  },

  // Ask until the answer is true; the answer.
  async until(ask, patience, what) {
    const deadline = performance.now() + patience;
    for (;;) {
      const answer = await ask();
      if (answer) return answer;
      if (wf.complaints.length) throw new Error(wf.complaints.join("\n"));
      if (performance.now() > deadline) throw new Error(`waited in vain until ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  },

  // The bytes of the picture on the screen, in base64; null where there is none, or it is being replaced.
  async picture(root) {
    const image = document.querySelector(`.${root} .wf-view img`);
    if (!image?.complete || !image.naturalWidth) return null;
    try {
      const bytes = new Uint8Array(await (await fetch(image.src)).arrayBuffer());
      return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
    } catch {
      return null; // the next picture came, and took the address of this one away
    }
  },

  // How red the picture on the screen is in its corner, 0 to 255.
  async colour(root) {
    const bitmap = await createImageBitmap(document.querySelector(`.${root} .wf-view img`));
    const context = new OffscreenCanvas(1, 1).getContext("2d");
    context.drawImage(bitmap, 0, 0);
    return context.getImageData(0, 0, 1, 1).data[0];
  },
};
