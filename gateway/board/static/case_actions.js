// What people do with a case: judge, laboratory, plan, hold, close, downloads; each asks in a dialogue and says what failed.

import { base64, download, get, post } from "./cases_api.js";
import { word } from "./cases_words.js";
import { el, setText } from "./dom.js";
import { zoneOffsetMinutes } from "./format.js";
import { language } from "./words.js";

const NAME = "openhall-name";

/** A time as the branch writes it, with its offset. */
function localIso(unix, zone) {
  const offset = zoneOffsetMinutes(unix, zone);
  const two = (n) => String(n).padStart(2, "0");
  const minutes = Math.abs(offset);
  return `${new Date((unix + offset * 60) * 1000).toISOString().slice(0, 19)}${offset < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

function input(field) {
  const common = { name: field.name, required: field.required !== false };
  if (field.kind === "textarea") {
    const area = el("textarea", { ...common, spellcheck: "false" });
    area.value = field.value ?? "";
    return area;
  }
  if (field.kind === "select") return el("select", common, ...field.options.map(([value, text]) => el("option", { value }, text)));
  return el("input", { ...common, type: field.kind ?? "text", value: field.value ?? "", maxlength: field.kind === "text" ? 200 : null, step: field.step, accept: field.accept });
}

/** Ask for some fields and the reader's name, then act; what went wrong is said in the dialogue and nothing typed is lost. */
export function ask(title, fields, act, { named = true } = {}) {
  const wrong = el("p", { class: "wrong", role: "alert" });
  const asked = named ? [...fields, { name: "by", label: word("who"), value: sessionStorage.getItem(NAME) ?? "" }] : fields;
  const labels = asked.map((field) => el("label", {}, field.label, input(field)));
  const form = el(
    "form",
    { class: "form", method: "dialog" },
    el("h2", {}, title),
    ...labels,
    wrong,
    el("div", { class: "doing" }, el("button", { type: "submit", class: "main" }, word("send")), el("button", { type: "button", onclick: () => dialog.close() }, word("cancel"))),
  );
  const dialog = el("dialog", { "aria-label": title, onclose: () => dialog.remove() }, form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const values = Object.fromEntries(asked.map((field) => [field.name, field.kind === "file" ? form.elements[field.name].files[0] : form.elements[field.name].value.trim()]));
    if (values.by) sessionStorage.setItem(NAME, values.by);
    try {
      const note = await act(values);
      if (note) setText(wrong, note);
      else dialog.close();
    } catch (error) {
      setText(wrong, word("failed", { detail: error.message }));
    }
  });
  document.body.append(dialog);
  dialog.showModal();
}

const why = (required = true) => ({ name: "why", label: word("why"), required });

function laboratoryFields(one, known = {}) {
  const places = [];
  for (const room of one.rooms) for (const point of room.points) if (point.instrument === "laboratory") places.push([`${room.name}/${point.point}`, `${room.name} / ${point.point}`, point]);
  for (const point of one.outdoor) if (point.instrument === "laboratory") places.push([`outdoor/${point.point}`, `${word("outdoor")} / ${point.point}`, point]);
  const options = [...new Map(places.map(([value, text]) => [value, text])).entries()];
  if (known.room && !options.some(([value]) => value === `${known.room}/${known.point}`)) options.push([`${known.room}/${known.point}`, `${known.room} / ${known.point}`]);
  if (known.room) options.sort(([value]) => (value === `${known.room}/${known.point}` ? -1 : 1));
  const quantities = Object.keys(one.words).filter((key) => key.startsWith("unit:")).map((key) => key.slice(5)).map((name) => [name, one.words[name]]);
  if (known.quantity) quantities.sort(([name]) => (name === known.quantity ? -1 : 1));
  const sampled = known.sampled ?? (places.length ? places[0][2].sampled.from + 60 : "");
  return [
    { name: "laboratory", label: word("lab_name"), value: known.laboratory },
    { name: "accreditation", label: word("accreditation"), value: known.accreditation },
    { name: "method", label: word("method"), value: known.method },
    { name: "sample", label: word("sample"), value: known.sample },
    { name: "place", label: word("point"), kind: "select", options },
    { name: "sampled", label: word("sampled"), value: typeof sampled === "number" ? localIso(sampled, one.time_zone || null) : sampled },
    { name: "quantity", label: word("quantity"), kind: "select", options: quantities },
    { name: "value", label: word("value"), value: known.value === undefined ? "" : `${known.below_detection ? "<" : ""}${known.value}` },
    { name: "unit", label: word("unit"), value: known.unit ?? "mg/m3" },
  ];
}

function laboratoryValue({ place, by: _by, why: _why, ...rest }) {
  const at = place.indexOf("/");
  return { ...rest, room: place.slice(0, at), point: place.slice(at + 1) };
}

export function askCorrection(one, entry, tools) {
  ask(`${word("correct")}: ${entry.result.sample}`, [...laboratoryFields(one, entry.result), why()], async (values) => {
    await post(`cases/${one.id}/laboratory/${entry.number}/correct`, { result: laboratoryValue(values), why: values.why, by: values.by });
    await tools.poll();
  });
}

async function showSheet(one) {
  const sheet = await get(`cases/${one.id}/plan-sheet?lang=${language()}`);
  const print = el("button", { type: "button", class: "main", onclick: () => window.print() }, word("print"));
  const close = el("button", { type: "button", onclick: () => dialog.close() }, word("back"));
  const dialog = el("dialog", { "aria-label": word("sheet"), onclose: () => dialog.remove() }, el("pre", { class: "paper" }, sheet.words), el("div", { class: "doing" }, print, close));
  document.body.append(dialog);
  dialog.showModal();
}

export function actions(one, tools) {
  const path = `cases/${one.id}`;
  const button = (key, act, main = false) => el("button", { type: "button", class: main ? "main" : null, onclick: act }, word(key));
  const simple = (key, verb, fields, note = "done") =>
    button(key, () =>
      ask(word(key), fields, async (values) => {
        await post(`${path}/${verb}`, values);
        await tools.poll();
        tools.said(word(note));
      }),
    );
  const plan = (key, verb) =>
    button(key, () =>
      ask(word(key), [{ name: "plan_toml", label: word("plan_text"), kind: "textarea", value: one.plan_toml }, why()], async (values) => {
        await post(`${path}/${verb}`, values);
        await tools.poll();
      }),
    );
  const offer = (key, file, name) => button(key, () => download(file, name).catch((error) => tools.said(word("failed", { detail: error.message }))));
  const parts = [];
  if (one.open) {
    const judge = simple("judge", "judge", [], "done_judge");
    judge.classList.add("main");
    if (["sampled", "judged"].includes(one.phase)) parts.push(judge);
    parts.push(
      button("enter", () =>
        ask(word("enter"), laboratoryFields(one), async (values) => {
          await post(`${path}/laboratory`, { results: [laboratoryValue(values)], by: values.by });
          await tools.poll();
        }),
      ),
      button("import", () =>
        ask(word("import"), [{ name: "file", label: word("file"), kind: "file", accept: ".csv,.xlsx" }], async ({ file, by }) => {
          const taken = await post(`${path}/laboratory`, { file: { name: file.name, content: await base64(file) }, by });
          await tools.poll();
          const lines = [...taken.refused.map((line) => word("refused_line", line)), ...taken.unplaced];
          return lines.length ? [word("taken", { n: taken.taken }), ...lines].join("\n") : "";
        }),
      ),
    );
    const verdict = one.judgements.filter((own) => own.round === one.round).at(-1)?.verdict;
    if (!["pass", "fail"].includes(verdict)) parts.push(plan("change_plan", "plan"));
    if (verdict === "fail") parts.push(plan("sample_again", "resample"));
    parts.push(simple("close", "close", [why(verdict !== "pass")]));
  }
  parts.push(one.hold === null ? simple("put_hold", "hold", [why()]) : simple("release", "release", [why()]));
  parts.push(button("sheet", () => showSheet(one)));
  if (one.judgements.length) {
    const number = one.judgements.at(-1).number;
    parts.push(
      offer("report", `${path}/report.pdf?lang=${language()}`, `case-${one.id}-judgement-${number}.pdf`),
      offer("evidence", `${path}/evidence.zip`, `case-${one.id}-judgement-${number}.zip`),
    );
  }
  parts.push(offer("export", `${path}/export.zip`, `case-${one.id}.zip`));
  return el("div", { class: "doing" }, ...parts);
}
