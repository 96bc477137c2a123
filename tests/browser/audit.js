// What is wrong with the page as it is laid out now: a list of sentences, empty when nothing is.
(() => {
  const faults = [];
  const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];
  const words = (element) => (element.textContent || element.tagName).trim().slice(0, 50);
  const isPaper = matchMedia("print").matches;

  // Layout: the page never scrolls sideways, what is too wide scrolls by itself and can be reached by keyboard. On paper nothing scrolls.
  const root = document.documentElement;
  const room = root.clientWidth;
  if (root.scrollWidth > room) faults.push(`overflow: the page is ${root.scrollWidth} wide on ${room}`);
  for (const element of all("body *")) {
    if (element.closest("svg, .skip, script, style")) continue;
    const box = element.getBoundingClientRect();
    const scroller = element.parentElement.closest(".wide");
    if (box.right > room + 0.5 && (isPaper || !scroller)) faults.push(`overflow: ${element.tagName} "${words(element)}" ends at ${Math.round(box.right)} of ${room}`);
    if (element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).overflowX === "auto" && element.tabIndex !== 0) faults.push(`keyboard: ${element.className} scrolls and cannot be reached`);
  }
  for (const svg of all("svg")) {
    const frame = svg.getBoundingClientRect();
    for (const text of all("text", svg)) {
      const box = text.getBoundingClientRect();
      if (box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1) faults.push(`cut: "${words(text)}" leaves its picture "${words(svg)}"`);
    }
  }

  // Words for those who do not see: names of pictures, captions and headers of tables, one h1, no level left out, landmarks.
  const named = (element) => element.getAttribute("aria-label") || (element.getAttribute("aria-labelledby") || "").split(" ").some((id) => id && document.getElementById(id)?.textContent.trim());
  for (const svg of all("svg")) if (svg.getAttribute("role") !== "img" || !named(svg)) faults.push(`alt: a picture without a name: ${words(svg)}`);
  for (const image of all("img")) if (!image.alt) faults.push(`alt: ${image.outerHTML.slice(0, 80)}`);
  for (const table of all("table")) {
    if (!table.caption?.textContent.trim()) faults.push(`table: no caption: ${words(table)}`);
    if (all("thead th", table).some((head) => !head.textContent.trim())) faults.push(`table: an empty heading: ${words(table)}`);
  }
  let level = 0;
  for (const heading of all("h1, h2, h3, h4")) {
    const next = Number(heading.tagName[1]);
    if (next > level + 1) faults.push(`headings: ${heading.tagName} "${words(heading)}" after h${level}`);
    level = next;
  }
  if (all("h1").length !== 1) faults.push(`headings: ${all("h1").length} h1`);
  for (const landmark of ["main", "header", "footer", "nav"]) if (!isPaper && all(landmark).length !== 1) faults.push(`landmark: ${landmark}`);
  if (!root.lang || !document.title) faults.push("the page has no language or no title");
  for (const link of all("a[href^='#']")) if (!document.getElementById(link.hash.slice(1))) faults.push(`link: ${link.hash} leads nowhere`);

  // Contrast of every word with what lies under it: at least 4.5 (WCAG AA).
  const parse = (colour) => { const n = (colour.match(/[\d.]+/g) || []).map(Number); return n.length < 3 || n[3] === 0 ? null : n; };
  const luminance = (c) => { const [r, g, b] = c.slice(0, 3).map((v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ratio = (a, b) => { const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x); return (high + 0.05) / (low + 0.05); };
  const page = parse(getComputedStyle(document.body).backgroundColor) || [255, 255, 255];
  const under = (element) => {
    const box = element.getBoundingClientRect();
    const stack = document.elementsFromPoint(Math.min(box.left + box.width / 2, room - 1), box.top + box.height / 2);
    for (const below of stack) {
      if (below === element || element.contains(below) || below instanceof SVGTextElement) continue;
      const style = getComputedStyle(below);
      const isShape = below instanceof SVGGeometryElement;
      const colour = parse(isShape ? style.fill : style.backgroundColor);
      if (!colour) continue;
      // What lets something through lies on the page.
      const opacity = (colour[3] ?? 1) * (isShape ? Number(style.fillOpacity) : 1);
      if (opacity > 0) return colour.slice(0, 3).map((value, at) => opacity * value + (1 - opacity) * page[at]);
    }
    return page;
  };
  for (const element of all("body *")) {
    if (element.closest("script, style, .skip")) continue;
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const box = element.getBoundingClientRect();
    if (!own || !box.width || ["title", "desc"].includes(element.tagName)) continue;
    element.scrollIntoView({ block: "center", inline: "center" });
    const style = getComputedStyle(element);
    const ink = parse(element instanceof SVGElement ? style.fill : style.color);
    const found = ink ? ratio(ink, under(element)) : 0;
    if (found < 4.5) faults.push(`contrast: ${found.toFixed(2)} of "${words(element)}"`);
  }
  return [...new Set(faults)];
})()
