// Below the list of cases: the register of instruments with what each reads too much, and how fast branches get fit.

import { word } from "./cases_words.js";
import { el } from "./dom.js";
import { number } from "./format.js";

function sheet(key, heads, rows, none) {
  const table = el(
    "table",
    {},
    el("thead", {}, el("tr", {}, ...heads.map((head) => el("th", { scope: "col" }, word(head))))),
    el("tbody", {}, ...rows.map(([first, ...others]) => el("tr", {}, el("th", { scope: "row" }, first), ...others.map((one) => el("td", {}, one))))),
  );
  return el("section", { class: "sheet", "aria-label": word(key) }, el("h2", {}, word(key)), rows.length ? el("div", { class: "scroll" }, table) : el("p", {}, none));
}

function biasWords(own, quantities) {
  const row = quantities.get(own.quantity);
  const values = {
    quantity: row?.title ?? own.quantity, unit: row?.display_unit ?? "", pairs: own.pairs,
    mean: number(own.mean, 1), half: own.half_width === null ? "" : number(own.half_width, 1),
  };
  return el("p", {}, word(own.half_width === null ? "bias_one" : "bias_of", values));
}

export function register(instruments, quantities) {
  const rows = instruments.map((one) => [
    one.serial,
    one.part,
    one.owner,
    one.due ?? word("never_calibrated"),
    el("span", { class: `mark mark-${one.valid ? "pass" : "fail"}` }, word(one.valid ? "yes" : "no")),
    el("div", {}, ...one.bias.map((own) => biasWords(own, quantities))),
  ]);
  return sheet("instruments", ["serial", "part", "owner", "due", "may", "bias"], rows, word("instruments_none"));
}

export function comparison(found, quantities, titles) {
  const days = (n) => number(n, 1);
  const row = (name, own) => [
    name,
    quantities.get(own.quantity)?.title ?? own.quantity,
    word("comparison_row", { n: days(own.half_life_days), low: days(own.lowest_days), high: days(own.highest_days), count: own.decays }),
  ];
  const rows = found.flatMap(({ quantity, branches, materials }) => [
    ...branches.map((own) => row(`${word("by_branch")}${word("colon")}${titles.get(own.name) ?? own.name}`, { ...own, quantity })),
    ...materials.map((own) => row(`${word("by_material")}${word("colon")}${own.name}`, { ...own, quantity })),
  ]);
  return rows.length ? sheet("comparison", ["where", "quantity", "half_life"], rows, "") : null;
}
