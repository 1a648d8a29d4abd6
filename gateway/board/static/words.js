// Every word of the board, in both languages. Keys are shared; a missing one is a fault that the tests find.

export const LANGUAGES = { en: "English", "zh-CN": "中文" };

export const WORDS = {
  en: {
    title: "OpenHall",
    subtitle: "The air in our branches, now",
    language: "Language",
    cases: "Air acceptance",
    loading: "Loading the branches…",

    branches_online: "branches online",
    need_attention_one: "branch needs attention",
    need_attention_other: "branches need attention",
    all_fine: "All quiet",
    updated: "Updated {time}",
    find: "Find a branch",
    find_hint: "Name, id or region",
    only_attention: "Only those that need attention",
    none_found: "No branch fits. Change the words above, or untick the box.",
    more: "Show {n} more",

    online: "Online",
    offline: "Offline",
    offline_since: "Offline, last heard {age}",
    never_heard: "Never heard",
    simulated: "Simulated",
    simulated_hint: "These values come from a simulated sensor, not from real air.",
    region: "Region {region}",
    room: "Room {room}",
    offline_note: "Nothing is lost: the branch keeps its readings and sends them when it is back. The values below are the last ones known.",
    no_points: "The branch is known, but it has not sent a value yet. The first one takes about ten seconds after its agent starts.",

    fine: "Good",
    raised: "Raised",
    high: "Too high",
    low: "Too low",
    co2_fine: "Fresh air",
    co2_raised: "Stuffy: let air in",
    co2_high: "Very stuffy: let air in now",
    temperature_low: "Too cold",
    temperature_high: "Too warm",
    humidity_low: "Too dry",
    humidity_high: "Too damp",
    suspect: "Doubtful",
    suspect_hint: "The sensor is warming up, or the value lies outside what is plausible. It is kept apart and not counted.",
    stale: "Old value",
    guide_up_to: "guide: up to {high} {unit}",
    guide_between: "guide: {low} to {high} {unit}",
    guide_source: "Guide value: {source}, mean over {span}",
    guide_source_now: "Guide value: {source}",
    sensor_fault: "The sensor does not work",
    works: "Works",
    calling: "Somebody calls for help",
    fault: "Does not work",

    state_called: "called",
    state_cleared: "cleared",
    state_test: "test",
    state_open: "open",
    state_closed: "closed",
    state_wet: "wet",
    state_dry: "dry",
    state_on: "on",
    state_off: "off",
    state_up: "up",
    state_down: "down",
    state_ok: "in order",
    state_fault: "fault",
    state_unknown: "unknown",

    now: "just now",
    seconds: "{n} s ago",
    minutes: "{n} min ago",
    hours: "{n} h ago",
    days: "{n} d ago",

    curve_of: "Last 24 hours",
    curve_choice: "What the curve shows",
    curve_loading: "Loading the curve…",
    curve_empty: "No value of the last 24 hours is stored yet.",
    curve_failed: "The curve cannot be shown: {detail}",
    curve_label: "{title} of the last 24 hours: lowest {low}, highest {high}, newest {last} {unit}. Use the arrow keys to read single values.",
    curve_at: "{time}: {value} {unit}",
    curve_range: "({low} to {high})",
    curve_suspect: "{time}: {value} {unit}, doubtful",
    curve_also: "; also doubtful: {value}",
    legend_mean: "5-minute mean",
    legend_band: "lowest to highest",
    legend_suspect: "doubtful",
    legend_guide: "guide value",
    guide_above: "above {value}",
    guide_below: "below {value}",
    as_table: "Show as a table",
    table_caption: "{title} by the hour, {unit}",
    hour: "Hour",
    mean: "Mean",
    lowest: "Lowest",
    highest: "Highest",
    readings: "Readings",
    doubtful_count: "of them doubtful",
    zone_note: "Times are those of the branch ({zone}).",

    empty_title: "No branch has reported yet",
    empty_text: "As soon as an agent connects to the broker, its branch appears here by itself.",
    empty_1: "On the branch's Raspberry Pi, check its settings: openhall-agent check-config --config agent.toml",
    empty_2: "Region and broker there must be those of this gateway. Here it hears:",
    empty_3: "Start it: openhall-agent run --config agent.toml",
    empty_no_broker: "The gateway itself has no connection to the broker; see the notice above.",

    gone_title: "The gateway does not answer",
    gone_text: "No answer since {time}. What you see is the last that was known. Check that openhall-gateway runs on the server and that this computer reaches it. This page tries again every few seconds.",
    not_ready_title: "The gateway cannot do all of its work",
    not_ready_text: "Nothing is lost: the branches keep their readings until the gateway has stored them.",
    warning_title: "Please look into this",
    strangers_title: "Branches that nobody registered",
    strangers_text: "They were heard, and stand last. Register them with `sites import`, or find out who they are.",
    part_store: "The store takes no readings at the moment.",
    part_broker: "The message broker does not carry our messages at the moment: no new values arrive.",
    part_state: "The gateway's own database does not answer.",
    part_worker: "A part of the gateway fails again and again; its log has the reason.",
    part_same_id: "Two gateways use the same id.",
    part_two_gateways: "Two gateways hear the same region.",
    part_two_regions: "One branch is heard in two regions.",
    part_deadman: "Nobody would hear of it if this gateway died: its sign of life does not reach the second place.",
    part_dead_letters: "There is little room left for messages that could not be read.",
    part_signatures: "Readings come that their agents did not sign with a key enrolled here.",
    part_two_agents: "Two agents of a branch claim the same point.",
    token_title: "This board needs an access token",
    token_text: "Your administrator has one for you, in the file of [http] token_file. This browser remembers you until you sign out, on the page of alerts.",
    token_label: "Access token",
    token_send: "Continue",
    token_wrong: "This token is not known here.",
    footer: "Values refresh by themselves every few seconds.",

    said_offline: "{site} is offline.",
    said_online: "{site} is online again.",
    said_level: "{site}: {title} {value} {unit}, {word}.",
    said_gone: "The gateway does not answer.",
    said_back: "The gateway answers again.",
  },
  "zh-CN": {
    title: "OpenHall",
    subtitle: "各网点此刻的空气",
    language: "语言",
    cases: "空气验收",
    loading: "正在载入网点…",

    branches_online: "个网点在线",
    need_attention_one: "个网点需要关注",
    need_attention_other: "个网点需要关注",
    all_fine: "一切正常",
    updated: "更新于 {time}",
    find: "查找网点",
    find_hint: "名称、编号或区域",
    only_attention: "只看需要关注的",
    none_found: "没有符合条件的网点。请修改上面的文字，或取消勾选。",
    more: "再显示 {n} 个",

    online: "在线",
    offline: "离线",
    offline_since: "离线，最后一次联系：{age}",
    never_heard: "从未联系",
    simulated: "模拟",
    simulated_hint: "这些数值来自模拟传感器，不是真实空气。",
    region: "区域 {region}",
    room: "房间 {room}",
    offline_note: "数据不会丢失：网点会保存读数，恢复连接后补发。下面是最后已知的数值。",
    no_points: "已知该网点，但还没有收到数值。采集端启动后约十秒会有第一个数值。",

    fine: "正常",
    raised: "偏高",
    high: "过高",
    low: "过低",
    co2_fine: "空气清新",
    co2_raised: "有些闷：请通风",
    co2_high: "很闷：请立即通风",
    temperature_low: "偏冷",
    temperature_high: "偏热",
    humidity_low: "偏干",
    humidity_high: "偏湿",
    suspect: "存疑",
    suspect_hint: "传感器正在预热，或数值超出合理范围。该数值单独保存，不计入统计。",
    stale: "旧值",
    guide_up_to: "参考值：不超过 {high} {unit}",
    guide_between: "参考值：{low} 至 {high} {unit}",
    guide_source: "参考值：{source}，{span} 平均",
    guide_source_now: "参考值：{source}",
    sensor_fault: "传感器故障",
    works: "正常",
    calling: "有人求助",
    fault: "故障",

    state_called: "有人呼叫",
    state_cleared: "呼叫已解除",
    state_test: "测试",
    state_open: "打开",
    state_closed: "关上",
    state_wet: "潮湿",
    state_dry: "干燥",
    state_on: "开启",
    state_off: "关闭",
    state_up: "运行正常",
    state_down: "无响应",
    state_ok: "完好",
    state_fault: "故障",
    state_unknown: "未知",

    now: "刚刚",
    seconds: "{n} 秒前",
    minutes: "{n} 分钟前",
    hours: "{n} 小时前",
    days: "{n} 天前",

    curve_of: "最近 24 小时",
    curve_choice: "曲线显示的内容",
    curve_loading: "正在载入曲线…",
    curve_empty: "最近 24 小时还没有存储的数值。",
    curve_failed: "无法显示曲线：{detail}",
    curve_label: "最近 24 小时的{title}：最低 {low}，最高 {high}，最新 {last} {unit}。用方向键读取各个数值。",
    curve_at: "{time}：{value} {unit}",
    curve_range: "（{low} 至 {high}）",
    curve_suspect: "{time}：{value} {unit}，存疑",
    curve_also: "；另有存疑：{value}",
    legend_mean: "5 分钟平均",
    legend_band: "最低至最高",
    legend_suspect: "存疑",
    legend_guide: "参考值",
    guide_above: "高于 {value}",
    guide_below: "低于 {value}",
    as_table: "以表格显示",
    table_caption: "每小时{title}（{unit}）",
    hour: "小时",
    mean: "平均",
    lowest: "最低",
    highest: "最高",
    readings: "读数",
    doubtful_count: "其中存疑",
    zone_note: "时间为网点所在时区（{zone}）。",

    empty_title: "还没有网点上报",
    empty_text: "采集端连接到消息服务器后，网点会自动出现在这里。",
    empty_1: "在网点的树莓派上检查设置：openhall-agent check-config --config agent.toml",
    empty_2: "其中的区域和消息服务器必须与本网关一致。本网关接收的区域：",
    empty_3: "启动采集端：openhall-agent run --config agent.toml",
    empty_no_broker: "网关本身还没有连上消息服务器，请看上面的提示。",

    gone_title: "网关没有应答",
    gone_text: "自 {time} 起没有应答。下面是最后已知的内容。请检查服务器上的 openhall-gateway 是否在运行，以及本机能否访问它。页面每隔几秒会自动重试。",
    not_ready_title: "网关目前无法完成全部工作",
    not_ready_text: "数据不会丢失：在网关存储之前，网点会一直保存读数。",
    warning_title: "请查看以下情况",
    strangers_title: "有未登记的网点",
    strangers_text: "已收到这些网点的数据，排在最后显示。请用 `sites import` 登记，或查明来源。",
    part_store: "存储目前无法写入读数。",
    part_broker: "消息服务器目前不通：收不到新的数值。",
    part_state: "网关自身的数据库没有应答。",
    part_worker: "网关的某个部分反复出错，原因见其日志。",
    part_same_id: "有两个网关使用相同的编号。",
    part_two_gateways: "有两个网关在接收同一区域。",
    part_two_regions: "同一网点出现在两个区域中。",
    part_deadman: "该网关的存活信号未能送达第二地点，网关一旦停机将无人知晓。",
    part_dead_letters: "存放无法读取的消息的空间即将用尽。",
    part_signatures: "收到了未用本网关已登记的密钥签名的读数。",
    part_two_agents: "同一网点的两个采集端声明了同一个测点。",
    token_title: "需要访问令牌",
    token_text: "请向管理员索取令牌（位于 [http] token_file 指定的文件中）。本浏览器会记住您，直到您在报警页面退出。",
    token_label: "访问令牌",
    token_send: "继续",
    token_wrong: "令牌无效。",
    footer: "数值每隔几秒自动刷新。",

    said_offline: "{site} 已离线。",
    said_online: "{site} 已恢复在线。",
    said_level: "{site}：{title} {value} {unit}，{word}。",
    said_gone: "网关没有应答。",
    said_back: "网关恢复应答。",
  },
};

const KEY = "openhall-language";
let current = "en";

/** The language the reader chose, else the page's own, which the server took from Accept-Language. */
export function startLanguage() {
  let chosen = null;
  try {
    chosen = localStorage.getItem(KEY);
  } catch {
    // A browser that keeps nothing still shows the board.
  }
  setLanguage(chosen in WORDS ? chosen : document.documentElement.lang in WORDS ? document.documentElement.lang : "en");
}

export function setLanguage(language, keep = false) {
  current = language;
  document.documentElement.lang = language;
  if (keep) {
    try {
      localStorage.setItem(KEY, language);
    } catch {
      // As above.
    }
  }
}

export function language() {
  return current;
}

/** The words of a key, its {names} filled in. */
export function say(key, names = {}) {
  const words = WORDS[current][key] ?? WORDS.en[key];
  if (words === undefined) throw new Error(`no words for ${key}`);
  return words.replace(/\{(\w+)\}/g, (whole, name) => (name in names ? String(names[name]) : whole));
}

/** True if there are words of that key. */
export function knows(key) {
  return key in WORDS.en;
}

/** The words of a key in the form that fits the number. */
export function sayCount(key, n) {
  const form = new Intl.PluralRules(current).select(n);
  return say(knows(`${key}_${form}`) ? `${key}_${form}` : `${key}_other`, { n });
}
