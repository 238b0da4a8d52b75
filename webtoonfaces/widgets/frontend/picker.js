// A photo chosen or dropped, made small here and sent as one message: what is too large for the socket would vanish
// without a word. It is a message, not a trait, so that no photo is kept with the notebook's widget state.
const LONGEST = 2048; // px
const SMALL_ENOUGH = 4 * 2 ** 20; // bytes, of a file that is sent as it is
const MOST = 8 * 2 ** 20; // bytes, of a file that this browser cannot open, but the kernel perhaps can

async function decoded(file) {
  try {
    return await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    return null;
  }
}

function drawn(bitmap, longest) {
  const scale = Math.min(1, longest / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff"; // behind what is transparent
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas;
}

const jpeg = (canvas) => new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));

function render({ model, el }) {
  const zone = document.createElement("div");
  zone.className = "wf-picker wf-own";
  zone.setAttribute("role", "group");
  zone.setAttribute("aria-label", model.get("label"));
  zone.innerHTML = `
    <img class="wf-picker-preview" alt="" hidden>
    <div class="wf-picker-words">
      <button type="button" class="wf-picker-button"></button>
      <input type="file" accept="image/*" tabindex="-1" hidden>
      <div class="wf-picker-note" role="status" aria-live="polite"></div>
      <progress class="wf-picker-progress" aria-label="progress" hidden></progress>
    </div>`;
  const find = (selector) => zone.querySelector(selector);
  const button = find("button"), input = find("input"), note = find(".wf-picker-note");
  const progress = find("progress"), preview = find("img");
  button.textContent = `${model.get("label")}: choose, or drop here`;
  el.append(zone);

  let turn = 0; // of the file that was given last: an older one that is still being read is dropped
  let doing = ""; // what happens here; what the kernel says comes after it

  function tell() {
    note.textContent = doing || model.get("note");
    progress.hidden = !(doing.endsWith("...") || (!doing && model.get("busy")));
  }

  function say(text) {
    doing = text;
    tell();
  }

  function heard() {
    say("");
  }

  async function take(file) {
    if (!file) return say("That is not a file. Drop a picture from a folder, or choose one.");
    const mine = ++turn;
    say(`reading ${file.name} ...`);
    const bitmap = await decoded(file);
    if (mine !== turn) return;
    let blob = file;
    if (bitmap) {
      preview.src = drawn(bitmap, 96).toDataURL("image/jpeg", 0.8);
      preview.hidden = false;
      if (Math.max(bitmap.width, bitmap.height) > LONGEST || file.size > SMALL_ENOUGH) {
        say(`making ${file.name} smaller ...`);
        blob = await jpeg(drawn(bitmap, LONGEST));
      }
      bitmap.close();
    } else {
      preview.hidden = true;
    }
    if (mine !== turn) return;
    if (!blob || blob.size > MOST) {
      return say(`This browser cannot open ${file.name}. Save it as JPEG or PNG, or type its path below.`);
    }
    const bytes = await blob.arrayBuffer();
    if (mine !== turn) return;
    say(`sending ${file.name} ...`);
    model.send({ kind: "photo", name: file.name }, undefined, [bytes]);
  }

  button.addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    if (input.files.length) take(input.files[0]);
    input.value = ""; // the same file can be chosen again
  });

  let inside = 0; // enter and leave come for every child
  const over = (event) => {
    event.preventDefault();
    event.stopPropagation();
  };
  zone.addEventListener("dragover", over);
  zone.addEventListener("dragenter", (event) => {
    over(event);
    zone.classList.toggle("wf-over", ++inside > 0);
  });
  zone.addEventListener("dragleave", (event) => {
    over(event);
    inside = Math.max(0, inside - 1);
    zone.classList.toggle("wf-over", inside > 0);
  });
  zone.addEventListener("drop", (event) => {
    over(event);
    inside = 0;
    zone.classList.remove("wf-over");
    take(event.dataTransfer.files[0]);
  });

  model.on("change:note", heard);
  model.on("change:busy", heard);
  tell();
  return () => {
    model.off("change:note", heard);
    model.off("change:busy", heard);
  };
}

export default { render };
