// Making and changing elements without markup in strings: no text of a branch can become a tag.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** Change a text only where it differs, so that selections and screen readers are left in peace. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function setClass(element, text) {
  if (element.getAttribute("class") !== text) element.setAttribute("class", text);
}

export function show(element, visible) {
  if (element.hidden === visible) element.hidden = !visible;
}

/** Keep one child a key, in the order of `items`: make what is new, change what stays, remove what is gone. */
export function keep(parent, made, items, keyOf, make, change) {
  const wanted = new Set();
  items.forEach((item, place) => {
    const key = keyOf(item);
    wanted.add(key);
    if (!made.has(key)) made.set(key, make(item));
    const part = made.get(key);
    if (parent.children[place] !== part.root) parent.insertBefore(part.root, parent.children[place] ?? null);
    change(part, item);
  });
  for (const [key, part] of made) {
    if (!wanted.has(key)) {
      part.root.remove();
      part.gone?.();
      made.delete(key);
    }
  }
}
