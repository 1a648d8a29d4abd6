// What the board asks the gateway, and how a refusal reads.

import { language } from "./words.js";

const WITHIN_MS = 8000;
const TOKEN = "openhall-token";

/** An answer that was no success; `status` 0 means that there was none at all. */
export class ApiError extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

export function setToken(token) {
  sessionStorage.setItem(TOKEN, token);
}

export function hasToken() {
  return Boolean(sessionStorage.getItem(TOKEN));
}

async function ask(path, names = {}, accepted = []) {
  const url = new URL(path, window.location.origin);
  for (const [name, value] of Object.entries(names)) {
    if (value !== null && value !== undefined) url.searchParams.set(name, value);
  }
  const headers = { Accept: "application/json", "Accept-Language": language() };
  const token = sessionStorage.getItem(TOKEN);
  if (token) headers.Authorization = `Bearer ${token}`;
  let answer;
  let body;
  try {
    answer = await fetch(url, { headers, cache: "no-store", signal: AbortSignal.timeout(WITHIN_MS) });
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
export const ready = () => ask("/readyz", {}, [503]);
export const curve = (names) => ask("/api/v1/curve", names);
