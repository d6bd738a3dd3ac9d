// A few lines for those who have script: live figures, a countdown, the reader's own numbers and zone.
"use strict";
(() => {
  const root = document.documentElement;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const SLOW_MS = 5000, QUICK_MS = 800;
  let loadedAt = performance.now();
  let lost = false;

  const localise = (part) => {
    for (const one of part.querySelectorAll("data.amount")) {
      const digits = Math.max(Number(one.dataset.digits), (one.value.split(".")[1] || "").length);
      // A text keeps all its digits; a number would not.
      one.textContent = new Intl.NumberFormat(navigator.language, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(one.value);
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
      one.textContent = spanOf(Date.parse(one.dataset.until) - Date.parse(one.dataset.now) - passed);
    }
  };

  const isTyping = () => document.activeElement && /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName);
  const swap = async () => {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (!answer.ok) return;
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    const open = new Set([...document.querySelectorAll("details[open][id]")].map((one) => one.id));
    const focus = document.activeElement && document.activeElement.id;
    for (const id of ["top", "main"]) {
      const fresh = document.importNode(next.getElementById(id), true);
      for (const one of fresh.querySelectorAll("details[id]")) one.open = one.open || open.has(one.id);
      document.getElementById(id).replaceWith(fresh);
      localise(fresh);
    }
    document.title = next.title;
    loadedAt = performance.now();
    if (focus) document.getElementById(focus)?.focus({ preventScroll: true });
  };

  const look = async () => {
    let pause = SLOW_MS;
    try {
      if (!document.hidden) {
        const pulse = await (await fetch(`${root.dataset.root}/pulse`)).json();
        if (lost) { lost = false; document.getElementById("lost").hidden = true; }
        root.toggleAttribute("data-reading", pulse.reading.length > 0);
        if (pulse.reading.length) pause = QUICK_MS;
        const main = document.getElementById("main");
        const state = main.dataset.topics.split(" ").filter((name) => name in pulse.numbers).map((name) => `${name}=${pulse.numbers[name]}`).join(" ");
        if (state && state !== main.dataset.state && !isTyping()) await swap();
        else if (main.dataset.again !== undefined) { await swap(); pause = QUICK_MS; }
      }
    } catch {
      lost = true;
      document.getElementById("lost").hidden = false;
    }
    setTimeout(look, pause);
  };

  localise(document);
  tick();
  setInterval(tick, 1000);
  setTimeout(look, "waiting" in document.getElementById("main").dataset ? QUICK_MS / 2 : SLOW_MS / 2);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) tick(); });
})();
