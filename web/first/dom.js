// Small tools for the page's elements. Text only ever goes in as text, never as markup.

export function byId(id) {
  return document.getElementById(id);
}

// An element with properties ("className", "textContent", ...), attributes under `attributes`, and
// children.
export function element(tag, properties = {}, ...children) {
  const { attributes = {}, ...rest } = properties;
  const made = Object.assign(document.createElement(tag), rest);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// Writes only what changed, so that screen readers are not told twice.
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

// Ends at once when `signal` is aborted.
export function wait(milliseconds, signal) {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", done);
  });
}
