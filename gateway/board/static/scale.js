// Where a value or a time stands in the drawing. Nothing here knows the page.

const STEPS = [1, 2, 2.5, 5, 10];

/** About `wanted` round numbers that cover low to high, with the range they span. */
export function niceTicks(low, high, wanted = 4) {
  const span = high - low || Math.abs(high) || 1;
  const raw = span / wanted;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * STEPS.find((factor) => factor * power >= raw * 0.999);
  const first = Math.floor(low / step + 1e-9) * step;
  const ticks = [];
  for (let tick = first; ; tick += step) {
    ticks.push(Number(tick.toPrecision(12)));
    if (tick >= high - step * 1e-9) break;
  }
  return { ticks, low: ticks[0], high: ticks[ticks.length - 1], step };
}

/** The range of the values, widened where they hardly differ, so that noise does not look like weather. */
export function padded(values, decimals) {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const least = Math.max(0.1 * Math.abs(high), 4 * 10 ** -decimals);
  const more = Math.max(0, least - (high - low)) / 2;
  return [low >= 0 ? Math.max(0, low - more) : low - more, high + more];
}

/** The times of whole `hours` of the branch's day between two times; `offset` is its minutes ahead of UTC. */
export function hourTicks(from, to, hours, offset) {
  const step = hours * 3600;
  const shift = offset * 60;
  const ticks = [];
  for (let tick = Math.ceil((from + shift) / step) * step - shift; tick <= to; tick += step) ticks.push(tick);
  return ticks;
}

export function linear(fromLow, fromHigh, toLow, toHigh) {
  const factor = (toHigh - toLow) / (fromHigh - fromLow || 1);
  return (value) => toLow + (value - fromLow) * factor;
}

/** Runs of rows without a hole; a hole is longer than the usual spacing of the rows would explain. */
export function runs(rows, step) {
  const gaps = rows.slice(1).map((row, place) => row.time - rows[place].time);
  const usual = gaps.length ? [...gaps].sort((a, b) => a - b)[Math.floor(gaps.length / 2)] : step;
  const longest = Math.max(usual, step) * 2.2;
  const found = [];
  for (const row of rows) {
    const run = found[found.length - 1];
    if (run && row.time - run[run.length - 1].time <= longest) run.push(row);
    else found.push([row]);
  }
  return found;
}
