(() => {
  "use strict";
  const root = document.documentElement;
  root.classList.add("js");
  const $ = (selector, from = document) => [...from.querySelectorAll(selector)];
  const data = JSON.parse(document.getElementById("chart-data").textContent);
  const weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
  const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

  /* Theme: what the system says, until somebody presses the button. */
  const themeButton = document.getElementById("theme");
  const dark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const nameTheme = () => { themeButton.textContent = dark() ? "Light colours" : "Dark colours"; };
  themeButton.hidden = false;
  nameTheme();
  themeButton.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; nameTheme(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", nameTheme);

  /* Charts: the same specification that drew the SVG, drawn again with tooltips once it comes into view. */
  const column = (value) => {
    if (Array.isArray(value)) return value;
    if (value.words) return value.at.map((i) => value.words[i]);
    if (value.at) return value.at.map((i) => value.from + i * value.step);
    return Array.from({ length: value.n }, (_, i) => value.from + i * value.step);
  };
  const day = (ms) => {
    const d = new Date(ms);
    return `${weekdays[d.getUTCDay()]} ${d.getUTCDate()} ${months[d.getUTCMonth()]} ${d.getUTCFullYear()}`;
  };
  const table = (columns) => {
    const keys = Object.keys(columns);
    const values = keys.map((key) => column(data.pool[columns[key]]));
    return values[0].map((_, i) => {
      const row = {};
      keys.forEach((key, k) => { row[key] = values[k][i]; });
      if (row.d !== undefined) {
        row.day = day(row.d);
        if (row.e === undefined) row.e = row.d + 864e5;
      }
      return row;
    });
  };
  const enliven = async (box) => {
    const chart = data.charts[box.dataset.chart];
    const spec = structuredClone(data.pool[chart.spec]);
    spec.datasets = {};
    for (const name of Object.keys(chart.tables)) spec.datasets[name] = table(chart.tables[name]);
    const fresh = document.createElement("div");
    fresh.className = "live";
    fresh.setAttribute("role", "img");
    fresh.setAttribute("aria-label", chart.label);
    try {
      await window.vegaEmbed(fresh, spec, {
        actions: false, ast: true, config: data.config, defaultStyle: false, logLevel: 1, mode: "vega-lite", renderer: "svg",
        tooltip: { disableDefaultStyle: true, theme: "custom" },
      });
      const svg = fresh.querySelector("svg");
      const [width, height] = [svg.getAttribute("width"), svg.getAttribute("height")];
      if (!svg.getAttribute("viewBox")) svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
      box.replaceChildren(fresh);
      box.classList.add("on");
    } catch (error) {
      console.error(box.dataset.chart, error);
    }
  };
  if (window.vegaEmbed && window.IntersectionObserver) {
    const seen = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        seen.unobserve(entry.target);
        enliven(entry.target);
      }
    }, { rootMargin: "200px" });
    $("[data-chart]").forEach((box) => seen.observe(box));
  }

  /* Copy buttons. */
  const copy = async (text, button) => {
    let done = false;
    try {
      await navigator.clipboard.writeText(text);
      done = true;
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      area.className = "offscreen";
      document.body.append(area);
      area.select();
      done = document.execCommand("copy");
      area.remove();
    }
    const was = button.textContent;
    button.textContent = done ? "Copied" : "Not copied";
    setTimeout(() => { button.textContent = was; }, 1500);
  };
  const words = (node) => node.innerText.split("\n").map((line) => line.trim()).filter(Boolean).join("\n");
  const blockText = (block) => [words(block.querySelector("p")).replace(/\s+/g, " "), ...$("li", block).map((item) => {
    if (!item.classList.contains("line")) return words(item);
    const groups = $(".group", item).filter((group) => !group.hidden);
    return `${item.firstChild.textContent.trim()} ${groups.map((group) => words(group).replace(/\s+/g, " ")).join(", ")}`;
  })];
  const addCopy = (target, place, label, text) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.setAttribute("aria-label", label);
    button.addEventListener("click", (event) => { event.preventDefault(); copy(text(target), button); });
    place.append(button);
  };
  $("pre.code").forEach((pre) => addCopy(pre.querySelector("code"), pre, "Copy this line", (code) => code.textContent));
  $(".day").forEach((item) => {
    const heading = item.querySelector("h4");
    if (!item.querySelector(".block")) return;
    const title = words(heading);
    addCopy(item, heading, `Copy ${title}`, (node) => [title, ...$(".block", node).flatMap(blockText)].join("\n"));
  });

  /* Day sheet: open and close weeks, show one provider; the choice stands in the address. */
  const weeks = $("details.week");
  const setWeeks = (open) => weeks.forEach((week) => { week.open = open; });
  const controls = document.getElementById("sheet-controls");
  const select = document.getElementById("sheet-provider");
  const matches = (node, index) => node.dataset.p.split(" ").includes(index);
  const filter = (index) => {
    const sheet = document.getElementById("day-sheet");
    sheet.classList.toggle("filtered", index !== "");
    $("[data-p]", sheet).forEach((node) => { node.hidden = index !== "" && !matches(node, index); });
    $(".group", sheet).forEach((group) => {
      const cells = $("[data-p]", group);
      group.hidden = cells.length > 0 && cells.every((cell) => cell.hidden);
    });
    $(".line", sheet).forEach((line) => { line.hidden = $(".group", line).every((group) => group.hidden); });
  };
  const remember = () => {
    const id = select.value === "" ? "" : data.providers[Number(select.value)];
    history.replaceState(null, "", id ? `#day-sheet&provider=${encodeURIComponent(id)}` : "#day-sheet");
  };
  const recall = () => {
    const match = /^#day-sheet&provider=(.+)$/.exec(location.hash);
    if (!match) return;
    let id = "";
    try { id = decodeURIComponent(match[1]); } catch { return; }
    const index = data.providers.indexOf(id);
    if (index < 0) return;
    select.value = String(index);
    filter(select.value);
    document.getElementById("day-sheet").scrollIntoView();
  };
  if (controls) {
    controls.hidden = false;
    select.addEventListener("change", () => { filter(select.value); remember(); });
    document.getElementById("open-weeks").addEventListener("click", () => setWeeks(true));
    document.getElementById("close-weeks").addEventListener("click", () => setWeeks(false));
    recall();
    addEventListener("hashchange", recall);
  }

  /* On paper everything is open; afterwards as before. */
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = $("details:not([open])");
    closed.forEach((node) => { node.open = true; });
  });
  addEventListener("afterprint", () => { closed.forEach((node) => { node.open = false; }); });

  /* A link into a closed part opens it. */
  const openTarget = () => {
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    for (let node = target; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
  };
  addEventListener("hashchange", openTarget);
  openTarget();
})();
