// What the board asks the gateway, and how a refusal reads.

import { language } from "./words.js";

const WITHIN_MS = 8000;

/** An answer that was no success; `status` 0 means that there was none at all. */
export class ApiError extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/** Give a token once; from then on a cookie that no script can read shows who it was. False if it is not known. */
export async function begin(token) {
  try {
    await ask("/api/v1/session", {}, { body: { token } });
    return true;
  } catch (error) {
    if (error.status === 401) return false;
    throw error;
  }
}

export const end = () => ask("/api/v1/session/end", {}, { body: {} });

async function ask(path, names = {}, { accepted = [], body: sent } = {}) {
  const url = new URL(path, window.location.origin);
  for (const [name, value] of Object.entries(names)) {
    if (value !== null && value !== undefined) url.searchParams.set(name, value);
  }
  const headers = { Accept: "application/json", "Accept-Language": language() };
  const options = { headers, cache: "no-store", signal: AbortSignal.timeout(WITHIN_MS) };
  if (sent !== undefined) {
    headers["Content-Type"] = "application/json";
    Object.assign(options, { method: "POST", body: JSON.stringify(sent) });
  }
  let answer;
  let body;
  try {
    answer = await fetch(url, options);
    body = await answer.json();
  } catch (error) {
    throw new ApiError(answer && !answer.ok ? answer.status : 0, String(error));
  }
  if (!answer.ok && !accepted.includes(answer.status)) throw new ApiError(answer.status, body.detail ?? body.title);
  return body;
}

/** All items of a list, page by page, up to a bound. */
async function whole(path, member, most) {
  const items = [];
  let after = null;
  do {
    const page = await ask(path, { after, limit: 10000 });
    items.push(...page[member]);
    after = page.next;
  } while (after && items.length < most);
  return items;
}

export const sites = () => whole("/api/v1/sites", "sites", 50000);
export const points = (site) => whole(`/api/v1/sites/${encodeURIComponent(site)}/points`, "points", 2000);
export const quantities = async () => (await ask("/api/v1/quantities")).quantities;
export const ready = () => ask("/readyz", {}, { accepted: [503] });
export const curve = (names) => ask("/api/v1/curve", names);

const named = encodeURIComponent;
export const openAlerts = () => whole("/api/v1/alerts", "alerts", 60000);
export const newestAlerts = async () => (await ask("/api/v1/alerts", { limit: 1000 })).alerts;
export const endedAlerts = (after) => ask("/api/v1/alerts", { state: "normal", limit: 50, after });
export const alertHistory = (id) => ask(`/api/v1/alerts/${id}/history`, { limit: 1000 });
export const acknowledge = (id, by) => ask(`/api/v1/alerts/${id}/acknowledge`, {}, { body: { by } });
export const unshelve = (id, body) => ask(`/api/v1/alerts/${id}/unshelve`, {}, { body });
export const shelve = (id, body) => ask(`/api/v1/alerts/${id}/shelve`, {}, { body });
export const report = (id, body) => ask(`/api/v1/alerts/${id}/report`, {}, { body });
export const windows = () => whole("/api/v1/alerts/windows", "windows", 10000);
export const configuredWindows = async () => (await ask("/api/v1/alerts/windows/configured")).windows;
export const planWindow = (body) => ask("/api/v1/alerts/windows", {}, { body });
export const endWindow = (id, by) => ask(`/api/v1/alerts/windows/${id}/end`, {}, { body: { by } });
export const me = () => ask("/api/v1/me");
export const people = () => whole("/api/v1/people", "people", 10000);
export const person = (who) => ask(`/api/v1/people/${named(who)}`);
export const alertsOf = (who) => ask(`/api/v1/people/${named(who)}/alerts`, { limit: 200 });
export const rota = (who) => ask("/api/v1/rota", { person: who });
export const handOvers = (who) => whole(`/api/v1/hand-overs?person=${named(who)}`, "hand_overs", 1000);
export const handOver = (body) => ask("/api/v1/hand-overs", {}, { body });
export const takeBack = (id, by) => ask(`/api/v1/hand-overs/${id}/end`, {}, { body: { by } });
