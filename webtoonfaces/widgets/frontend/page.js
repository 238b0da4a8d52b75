// The exported page: a stand-in for the kernel's model, under the script of the explorer's own pad or strip.
const content = JSON.parse(document.getElementById("content").textContent);
const widget = JSON.parse(document.getElementById("widget").textContent);
const { default: script } = await import(`data:text/javascript;base64,${widget}`);
const canvas = document.getElementById("picture"), context = canvas.getContext("2d");
const { columns, pictures } = content, rows = pictures.length / columns;

function model(values, changed) {
  const heard = {};
  return {
    get: (name) => values[name],
    set(name, value) {
      values[name] = value;
      (heard[`change:${name}`] ?? []).forEach((listener) => listener());
    },
    save_changes: changed,
    on: (name, listener) => (heard[name] ??= []).push(listener),
    off() {},
  };
}

const images = await Promise.all(pictures.map(async (source) => {
  const image = new Image();
  image.src = source;
  await image.decode();
  return image;
}));
canvas.width = images[0].naturalWidth;
canvas.height = images[0].naturalHeight;

// What lies between four pictures: each as strongly as the place is near.
function draw(column, row) {
  const left = Math.min(Math.floor(column), columns - 1), top = Math.min(Math.floor(row), rows - 1);
  context.globalCompositeOperation = "source-over";
  context.globalAlpha = 1;
  context.fillStyle = "#000";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.globalCompositeOperation = "lighter";
  for (const [x, y] of [[left, top], [left + 1, top], [left, top + 1], [left + 1, top + 1]]) {
    const share = Math.max(0, 1 - Math.abs(column - x)) * Math.max(0, 1 - Math.abs(row - y));
    if (share <= 0 || x >= columns || y >= rows) continue;
    context.globalAlpha = share;
    context.drawImage(images[y * columns + x], 0, 0);
  }
  canvas.dataset.place = `${column.toFixed(2)} ${row.toFixed(2)}`;
}

function section(title) {
  const part = document.createElement("section"), heading = document.createElement("h2");
  heading.textContent = title;
  part.append(heading);
  document.getElementById("controls").append(part);
  return part;
}

const place = [...content.place];
if (content.corners.length) {
  const values = { x: place[0] / (columns - 1), y: place[1] / (rows - 1), dragging: false, thumbnails: content.corners };
  const pad = model(values, () => draw(values.x * (columns - 1), values.y * (rows - 1)));
  script.render({ model: pad, el: section("Drag between the four corners") });
} else {
  [content.across, content.down].forEach(({ title, labels }, axis) => {
    const shown = labels.map((_, i) => pictures[axis ? i * columns + Math.round(place[0]) : Math.round(place[1]) * columns + i]);
    const values = { title, labels, value: place[axis], thumbnails: shown };
    const strip = model(values, () => {
      place[axis] = values.value;
      draw(...place);
    });
    script.render({ model: strip, el: section(title) });
  });
}
draw(...place);
document.body.dataset.ready = "yes";
