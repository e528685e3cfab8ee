// Draws a picture with the boxes and words of its faces. Over a picture the colours are those of
// the dark theme in both themes: each word stands on a dark ground of its own.

const GROUND = "#101418";
const STYLES = {
  match: { colour: "#ff8a80", dash: [] },
  possible_match: { colour: "#ffc266", dash: [8, 4] },
  stranger: { colour: "#e6eaee", dash: [] },
  spoof: { colour: "#ffc266", dash: [2, 4] },
  unrecognisable: { colour: "#a3adb8", dash: [] },
  judging: { colour: "#a3adb8", dash: [2, 4] },
};
const FONT_PX = 14;

function styleOf(outcome) {
  if (outcome === null || outcome === undefined) return STYLES.judging;
  return STYLES[outcome] ?? STYLES.stranger;
}

function strokeBox(context, [x1, y1, x2, y2], style, pixel) {
  context.setLineDash([]);
  context.strokeStyle = GROUND;
  context.lineWidth = 4 * pixel;
  context.strokeRect(x1, y1, x2 - x1, y2 - y1);
  context.setLineDash(style.dash.map((length) => length * pixel));
  context.strokeStyle = style.colour;
  context.lineWidth = 2 * pixel;
  context.strokeRect(x1, y1, x2 - x1, y2 - y1);
}

function shortened(context, text, widthMax) {
  let short = text;
  while (short.length > 4 && context.measureText(short).width > widthMax) {
    short = `${short.slice(0, -2).trimEnd()}…`;
  }
  return short;
}

// Above the box, else below it: the face itself stays in sight while there is room.
function labelTop([, y1, , y2], height, canvas) {
  if (y1 - height >= 0) return y1 - height;
  return y2 + height <= canvas.height ? y2 : Math.max(0, y1);
}

function writeLabel(context, box, text, style, pixel) {
  context.font = `600 ${FONT_PX * pixel}px system-ui, sans-serif`;
  context.textBaseline = "middle";
  const padding = 5 * pixel;
  const height = (FONT_PX + 8) * pixel;
  const label = shortened(context, text, context.canvas.width - 2 * padding);
  const width = context.measureText(label).width + 2 * padding;
  const left = Math.max(0, Math.min(box[0] - pixel, context.canvas.width - width));
  const top = labelTop(box, height, context.canvas);
  context.fillStyle = GROUND;
  context.fillRect(left, top, width, height);
  context.fillStyle = style.colour;
  context.fillText(label, left + padding, top + height / 2);
}

// As many pixels as the screen shows, so that letters and lines are sharp at every size.
function fitCanvas(canvas, aspect) {
  const width = Math.max(1, Math.round(canvas.clientWidth * devicePixelRatio));
  const height = Math.max(1, Math.round(width / aspect));
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
}

// `image` is a bitmap or a video; `faces` are {box, outcome, label}; boxes are pixels of a picture
// of `size` ({width, height}), whatever the size of the image.
export function drawFaces(canvas, image, size, faces) {
  fitCanvas(canvas, size.width / size.height);
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  const scaled = faces.map(({ box, ...face }) => ({
    ...face,
    box: box.map((value, axis) =>
      value * (axis % 2 === 0 ? canvas.width / size.width : canvas.height / size.height)),
  }));
  for (const face of scaled) strokeBox(context, face.box, styleOf(face.outcome), devicePixelRatio);
  for (const face of scaled) {
    writeLabel(context, face.box, face.label, styleOf(face.outcome), devicePixelRatio);
  }
}
