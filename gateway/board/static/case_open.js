// The form that opens a case: branch, standard, dates, and the rooms and points that the branch has.

import { get, post } from "./cases_api.js";
import { word } from "./cases_words.js";
import { el, setText } from "./dom.js";
import { ownZone, zoneOffsetMinutes } from "./format.js";
import { language } from "./words.js";

const NAME = "openhall-name";
const labelled = (key, control) => el("label", {}, word(key), control);
const two = (n) => String(n).padStart(2, "0");

/** A time as typed, in the branch's zone, with its offset; so that "seven days later" is counted in the branch's days. */
function moment(typed, zone, plusHours = 0) {
  const naive = Date.parse(`${typed}:00Z`) / 1000 + plusHours * 3600;
  const offset = zoneOffsetMinutes(naive, zone);
  const sign = offset < 0 ? "-" : "+";
  const words = new Date(naive * 1000).toISOString().slice(0, 19);
  return `${words}${sign}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
}

function roomFields(name, points) {
  const take = el("input", { type: "checkbox", checked: true, name: "take" });
  const area = el("input", { type: "number", min: "1", step: "any", name: "area", required: true });
  take.addEventListener("change", () => (area.required = take.checked));
  const ticks = points.map((point) => {
    const box = el("input", { type: "checkbox", checked: true, value: point.point });
    box.instrument = point.part;
    return el("label", { class: "tick" }, box, `${point.point} (${point.part})`);
  });
  const root = el("fieldset", {}, el("legend", {}, name), el("label", { class: "tick" }, take, word("include")), labelled("area_m2", area), ...ticks);
  return { name, root, take, area, boxes: ticks.map((tick) => tick.firstChild) };
}

function entries(name, part, window, interval, withLaboratory) {
  const found = part ? [{ name, instrument: part, interval_s: interval, ...window }] : [];
  if (withLaboratory) found.push({ name, instrument: "laboratory", ...window });
  return found;
}

function planOf(form, rooms, points, zone) {
  const value = (name) => form.elements[name].value;
  const from = moment(value("begin"), zone);
  const to = moment(value("begin"), zone, Number(value("hours")));
  const closed = { from: moment(value("begin"), zone, -Number(value("closed_hours"))), to };
  const window = { sampled: { from, to }, closed };
  const interval = Number(value("interval"));
  const laboratory = form.elements.with_laboratory.checked;
  const outdoor = points.find((point) => point.point === value("outdoor"));
  const plan = {
    completed: value("completed"),
    rooms_total: Math.max(1, rooms.filter((room) => room.name !== outdoor?.room).length),
    ventilation: value("ventilation"),
    room: rooms.filter((room) => room.take.checked).map((room) => {
      const ticked = room.boxes.filter((box) => box.checked);
      const own = ticked.flatMap((box) => entries(box.value, box.instrument, window, interval, laboratory));
      return { name: room.name, area_m2: Number(room.area.value), point: own };
    }),
    outdoor: outdoor ? entries(outdoor.point, outdoor.part, { sampled: { from, to } }, interval, laboratory) : [],
  };
  if (value("season")) plan.season = value("season");
  return plan;
}

export async function showOpening(content) {
  const [{ sites }, { profiles }] = await Promise.all([get("sites?limit=10000"), get("profiles")]);
  const select = (name, options) => el("select", { name }, ...options.map(([value, text]) => el("option", { value }, text)));
  const title = (one) => (language() === "zh-CN" ? one.title_zh : one.title_en);
  const site = select("site", sites.map((one) => [one.site, one.title]));
  const wrong = el("p", { class: "wrong", role: "alert" });
  const place = el("div", { class: "form" });
  const outdoor = el("select", { name: "outdoor" });
  const note = el("p", { class: "quiet" });
  const state = { rooms: [], points: [], zone: null };
  const form = el(
    "form",
    { class: "form sheet" },
    el("h2", {}, word("open_case")),
    el("div", { class: "pair" }, labelled("branch", site), labelled("name", el("input", { name: "title", required: true, maxlength: 200 }))),
    labelled("profile", select("profile", profiles.map((one) => [one.profile, title(one)]))),
    el(
      "div",
      { class: "pair" },
      labelled("completed_on", el("input", { name: "completed", type: "date", required: true })),
      labelled("ventilation", select("ventilation", [["natural", word("natural")], ["central", word("central")]])),
      labelled("season", select("season", [["", word("no_season")], ["summer", word("summer")], ["winter", word("winter")]])),
      labelled("begin", el("input", { name: "begin", type: "datetime-local", required: true })),
      labelled("hours", el("input", { name: "hours", type: "number", min: "0.25", max: "720", step: "any", value: "1", required: true })),
      labelled("closed_hours", el("input", { name: "closed_hours", type: "number", min: "0", max: "720", step: "any", value: "1", required: true })),
      labelled("interval", el("input", { name: "interval", type: "number", min: "1", max: "3600", value: "60", required: true })),
    ),
    note,
    el("h3", {}, word("rooms")),
    place,
    labelled("outdoor_point", outdoor),
    el("label", { class: "tick" }, el("input", { name: "with_laboratory", type: "checkbox" }), word("with_laboratory")),
    labelled("materials_hint", el("input", { name: "materials", maxlength: 500 })),
    labelled("who", el("input", { name: "by", required: true, maxlength: 100, value: sessionStorage.getItem(NAME) ?? "" })),
    wrong,
    el("div", { class: "doing" }, el("button", { type: "submit", class: "main" }, word("open_case"))),
  );
  form.elements.profile.value = "gb50325-2020-class2";

  async function branch() {
    const chosen = sites.find((one) => one.site === site.value);
    state.zone = chosen?.time_zone || null;
    setText(note, word("zone_note", { zone: state.zone ?? ownZone() }));
    const { points } = chosen ? await get(`sites/${encodeURIComponent(chosen.site)}/points?limit=10000`) : { points: [] };
    state.points = points.filter((point) => point.kind === "air" && point.part);
    const names = [...new Set(state.points.map((point) => point.room))];
    state.rooms = names.map((name) => roomFields(name, state.points.filter((point) => point.room === name)));
    place.replaceChildren(...(state.rooms.length ? state.rooms.map((room) => room.root) : [el("p", {}, word("no_points"))]));
    outdoor.replaceChildren(el("option", { value: "" }, word("no_outdoor")), ...state.points.map((point) => el("option", { value: point.point }, `${point.room} / ${point.point}`)));
  }

  site.addEventListener("change", () => branch().catch((error) => setText(wrong, error.message)));
  outdoor.addEventListener("change", () => {
    // The outdoor point's own place is no room of the branch.
    const chosen = state.points.find((point) => point.point === outdoor.value);
    for (const room of state.rooms) if (room.name === chosen?.room) room.take.checked = room.area.required = false;
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const by = form.elements.by.value.trim();
    sessionStorage.setItem(NAME, by);
    const materials = form.elements.materials.value.split(/[,，、]/).map((text) => text.trim()).filter(Boolean);
    try {
      const one = await post("cases", {
        site: site.value, title: form.elements.title.value, profile: form.elements.profile.value,
        plan: planOf(form, state.rooms, state.points, state.zone), materials, by,
      });
      window.location.href = `/cases?case=${one.id}`;
    } catch (error) {
      setText(wrong, word("failed", { detail: error.message }));
    }
  });
  content.replaceChildren(form);
  await branch();
}
