// A few lines for those who have script: live figures, a countdown, the reader's own numbers and zone.
"use strict";
(() => {
  const root = document.documentElement;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const SLOW_MS = 5000, QUICK_MS = 800, LEFT_ALONE_MS = 120000;
  let loadedAt = performance.now();

  // A text keeps all its digits; a number would not.
  const written = (text, digits) => new Intl.NumberFormat(navigator.language, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(text);
  const decimals = (text) => (text.split(".")[1] || "").length;
  const rewritten = (text) => written(text.replaceAll(",", ""), decimals(text));

  const localise = (part) => {
    for (const one of part.querySelectorAll("data.amount")) {
      one.textContent = written(one.value, Math.max(Number(one.dataset.digits), decimals(one.value)));
    }
    for (const one of part.querySelectorAll(".pygal-chart text")) {
      if (/^-?[\d,]+(\.\d+)?$/.test(one.textContent)) one.textContent = rewritten(one.textContent);
    }
    for (const one of part.querySelectorAll(".pygal-chart title")) {
      one.textContent = one.textContent.replace(/(?<=: )-?[\d,]+(\.\d+)?(?= \S+$)/, rewritten);
    }
    if (!zone || zone === root.dataset.zone) return;
    const words = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "short", timeZone: zone });
    for (const one of part.querySelectorAll("time[data-moment]")) {
      one.textContent = words.format(new Date(one.dateTime));
      one.title = zone;
    }
  };

  const spanOf = (ms) => {
    const s = Math.floor(Math.abs(ms) / 1000), d = Math.floor(s / 86400), h = Math.floor(s / 3600), two = (n) => String(n).padStart(2, "0");
    if (d >= 2) return `${d} d ${h % 24} h`;
    return `${h}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
  };
  const tick = () => {
    const passed = performance.now() - loadedAt;
    for (const one of document.querySelectorAll("[data-until]")) {
      if (one.dataset.still !== undefined) continue;
      const left = Date.parse(one.dataset.until) - Date.parse(one.dataset.now) - passed;
      one.textContent = spanOf(left);
      if (left < 0) one.previousElementSibling.textContent = "Due since";
    }
  };

  // Whoever is at a field is left alone; a field that somebody has left the pointer in is no reason to grow old.
  let touchedAt = -Infinity;
  for (const kind of ["input", "focusin", "pointerdown"]) document.addEventListener(kind, () => { touchedAt = performance.now(); });
  const isField = (one) => one && /^(INPUT|SELECT|TEXTAREA)$/.test(one.tagName);
  const isTyping = () => isField(document.activeElement) && performance.now() - touchedAt < LEFT_ALONE_MS;
  const swap = async () => {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (!answer.ok) return;
    const typed = new Map([...document.querySelectorAll("main :is(input, select)[id]")].map((one) => [one.id, one.value]));
    const before = toldOf(document);
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    const open = new Set([...document.querySelectorAll("details[open][id]")].map((one) => one.id));
    const focus = document.activeElement && document.activeElement.id;
    for (const id of ["top", "main"]) {
      const fresh = document.importNode(next.getElementById(id), true);
      for (const one of fresh.querySelectorAll("details[id]")) one.open = one.open || open.has(one.id);
      document.getElementById(id).replaceWith(fresh);
      localise(fresh);
    }
    for (const [id, value] of typed) {
      const field = document.getElementById(id);
      if (isField(field)) field.value = value;
    }
    showCurrent();
    // Screen readers hear of what is another now, and of nothing else.
    const after = toldOf(document);
    if (after !== before) document.getElementById("said").textContent = after;
    document.title = next.title;
    loadedAt = performance.now();
    if (focus) document.getElementById(focus)?.focus({ preventScroll: true });
  };

  const toldOf = (page) => [...page.querySelectorAll("main h1, main .sentence, main .notice b")].map((one) => one.textContent.trim()).join(". ");
  // On a telephone the tab of this panel may be beyond the edge.
  const showCurrent = () => {
    const current = document.querySelector(".tabs [aria-current]"), bar = current && current.closest(".tabs");
    if (bar) bar.scrollLeft = current.offsetLeft - (bar.clientWidth - current.offsetWidth) / 2;
  };
  const tell = (id) => { for (const one of ["lost", "anew"]) document.getElementById(one).hidden = one !== id; };

  const look = async () => {
    let pause = SLOW_MS;
    try {
      if (!document.hidden) {
        const answer = await fetch(`${root.dataset.root}/pulse`);
        if (answer.status === 401) { tell("anew"); setTimeout(look, pause); return; }
        const pulse = await answer.json();
        tell(null);
        root.toggleAttribute("data-reading", pulse.reading.length > 0);
        if (pulse.reading.length) pause = QUICK_MS;
        const main = document.getElementById("main");
        const state = main.dataset.topics.split(" ").filter((name) => name in pulse.numbers).map((name) => `${name}=${pulse.numbers[name]}`).join(" ");
        if (state && state !== main.dataset.state && !isTyping()) await swap();
        else if (main.dataset.again !== undefined) { await swap(); pause = QUICK_MS; }
      }
    } catch {
      tell("lost");
    }
    setTimeout(look, pause);
  };

  // The choice of environments closes as menus do.
  const shut = () => document.getElementById("switch")?.removeAttribute("open");
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") shut(); });
  document.addEventListener("pointerdown", (event) => { if (!event.target.closest("#switch")) shut(); });

  localise(document);
  showCurrent();
  tick();
  setInterval(tick, 1000);
  setTimeout(look, "waiting" in document.getElementById("main").dataset ? QUICK_MS / 2 : SLOW_MS / 2);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) tick(); });
})();
