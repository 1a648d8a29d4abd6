// A dialogue that asks for some fields and does something with them; what went wrong is said in it, and nothing typed is lost.

import { el, setText, show } from "./dom.js";
import { tell } from "./alert_words.js";

let count = 0;

function control(field, id) {
  const common = { id, name: field.name, required: field.required };
  if (field.kind !== "select") return el("input", { ...common, type: field.kind, maxlength: field.most, autocomplete: field.kind === "text" ? "off" : null });
  return el("select", common, ...field.options.map(([value, words]) => el("option", { value }, words)));
}

/**
 * Ask, and act once the fields are filled in.
 *
 * `fields`: {name, label, kind, value, required, options, most, when}; `when(values)` says whether one is asked for now.
 * `act(values)` may fail with an error whose message is for people. Returns true if it was done, false if called off.
 */
export function askFor({ title, text, what = "", fields, button, act }) {
  const id = `dialogue-${(count += 1)}`;
  const parts = fields.map((field, place) => {
    const input = control(field, `${id}-${place}`);
    input.value = field.value ?? "";
    const root = el("p", { class: "field" }, el("label", { for: input.id }, field.label), input);
    return { field, input, root };
  });
  const wrong = el("p", { class: "wrong", role: "alert" });
  const send = el("button", { type: "submit" }, button);
  const close = el("button", { type: "button", class: "second", onclick: () => dialog.close() }, tell("cancel"));
  const form = el(
    "form",
    { novalidate: false },
    el("h2", { id: `${id}-title` }, title),
    what ? el("p", { class: "what" }, what) : null,
    el("p", { id: `${id}-text` }, text),
    ...parts.map((part) => part.root),
    wrong,
    el("div", { class: "doing" }, send, close),
  );
  const dialog = el("dialog", { class: "dialogue", "aria-labelledby": `${id}-title`, "aria-describedby": `${id}-text` }, form);
  const values = () => Object.fromEntries(parts.map((part) => [part.field.name, part.input.value]));
  const arrange = () => {
    for (const { field, input, root } of parts) {
      const wanted = field.when?.(values()) ?? true;
      show(root, wanted);
      input.disabled = !wanted;
    }
  };
  form.addEventListener("change", arrange);
  arrange();
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    let done = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      send.disabled = true;
      setText(wrong, "");
      setText(send, tell("busy"));
      try {
        await act(values());
        done = true;
        dialog.close();
      } catch (error) {
        setText(wrong, tell("failed", { detail: error.message }));
      }
      send.disabled = false;
      setText(send, button);
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(done);
    });
  });
}
