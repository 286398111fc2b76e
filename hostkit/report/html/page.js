"use strict";
(() => {
  const data = JSON.parse(document.getElementById("log-data").textContent);
  const box = document.getElementById("log-box");
  const space = document.getElementById("log-space");
  const list = document.getElementById("log-rows");
  const count = document.getElementById("log-count");
  const text = document.getElementById("log-text");
  const way = document.getElementById("log-way");
  const part = document.getElementById("log-part");
  const ARROWS = ["→", "←", ""];
  const SAID = ["to the board", "from the board", "note"];
  const AROUND = 20; // rows kept beyond what can be seen
  const PRINTED = 300;
  const lower = data.rows.map((row) => row[3].toLowerCase());
  const names = data.parts.map((name) => name.toLowerCase());
  let shown = []; // numbers of rows; ~number of a part where its first row follows
  let rows = 0;
  let height = 20;

  const made = (name, kind, content) => {
    const element = document.createElement(name);
    element.className = kind;
    element.textContent = content;
    return element;
  };
  const line = (number) => {
    if (number < 0) return made("li", "part", data.parts[~number]);
    const [us, direction, owner, words] = data.rows[number];
    const item = made("li", "way" + direction, "");
    const arrow = made("span", "arrow", ARROWS[direction]);
    arrow.title = SAID[direction];
    item.append(made("time", "", (us / 1e6).toFixed(6)), arrow, made("span", "words", words));
    item.title = data.parts[owner];
    return item;
  };
  const draw = () => {
    const first = Math.max(0, Math.floor(box.scrollTop / height) - AROUND);
    const last = Math.min(shown.length, first + Math.ceil(box.clientHeight / height) + 2 * AROUND);
    space.style.height = shown.length * height + "px";
    list.style.transform = "translateY(" + first * height + "px)";
    list.replaceChildren(...shown.slice(first, last).map(line));
  };
  const filter = () => {
    const wanted = text.value.toLowerCase();
    const failed = part.value === "bad" ? new Set(data.bad) : null;
    const only = part.value === "" || failed ? null : Number(part.value);
    shown = [];
    rows = 0;
    let before = -1;
    data.rows.forEach((row, number) => {
      if (way.value !== "" && row[1] !== Number(way.value)) return;
      if (only !== null && row[2] !== only) return;
      if (failed && !failed.has(row[2])) return;
      if (wanted && !lower[number].includes(wanted) && !names[row[2]].includes(wanted)) return;
      if (row[2] !== before) shown.push(~row[2]);
      before = row[2];
      shown.push(number);
      rows += 1;
    });
    count.textContent = rows.toLocaleString("en") + " of " + data.rows.length.toLocaleString("en") + " lines";
    box.scrollTop = 0;
    draw();
  };

  const choice = (value, label) => {
    const option = made("option", "", label);
    option.value = value;
    return option;
  };
  if (data.bad.length) part.append(choice("bad", "those that did not pass"));
  data.parts.forEach((name, number) => part.append(choice(String(number), name.split("::").pop())));
  document.getElementById("log-form").hidden = false;
  document.getElementById("log-form").addEventListener("submit", (event) => event.preventDefault());
  for (const element of [text, way, part]) element.addEventListener("input", filter);
  box.addEventListener("scroll", draw, { passive: true });
  window.addEventListener("resize", draw);

  document.querySelectorAll(".to-log").forEach((button) => {
    const number = data.parts.indexOf(button.dataset.part);
    if (number < 0) return;
    button.hidden = false;
    button.addEventListener("click", () => {
      part.value = String(number);
      text.value = "";
      way.value = "";
      filter();
      document.getElementById("log").scrollIntoView();
      box.focus({ preventScroll: true });
    });
  });

  window.addEventListener("beforeprint", () => {
    space.style.height = "auto";
    list.style.transform = "none";
    list.replaceChildren(...shown.slice(0, PRINTED).map(line));
    if (shown.length > PRINTED) {
      list.append(made("li", "way2", "… " + (shown.length - PRINTED) + " more lines are on the screen only"));
    }
    document.querySelectorAll("details").forEach((element) => { element.open = true; });
  });
  window.addEventListener("afterprint", draw);

  filter();
  if (list.firstElementChild) height = list.firstElementChild.getBoundingClientRect().height || height;
  draw();
})();
