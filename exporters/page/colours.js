// A colour for each speaker that people who see few colours can tell apart, and a letter for those who see none.

// Okabe and Ito's set, then tints and shades of it: [fill, ink on it].
const SET = [
  ["#0072b2", "#ffffff"],
  ["#e69f00", "#000000"],
  ["#009e73", "#000000"],
  ["#cc79a7", "#000000"],
  ["#56b4e9", "#000000"],
  ["#d55e00", "#000000"],
  ["#f0e442", "#000000"],
  ["#7f7f7f", "#000000"],
  ["#66aad1", "#000000"],
  ["#f0c566", "#000000"],
  ["#66c5ab", "#000000"],
  ["#e0afca", "#000000"],
];
const NOBODYS = ["#9a9a9a", "#000000"];

export const fillOf = (index) => (index < 0 ? NOBODYS : SET[index % SET.length])[0];
export const inkOf = (index) => (index < 0 ? NOBODYS : SET[index % SET.length])[1];

// A ... Z, AA ...; a dash for nobody.
export function letterOf(index) {
  if (index < 0) return "–";
  const last = String.fromCharCode(65 + (index % 26));
  return index < 26 ? last : letterOf(Math.floor(index / 26) - 1) + last;
}

export function badge(index) {
  const mark = document.createElement("span");
  mark.className = "badge";
  mark.textContent = letterOf(index);
  mark.style.setProperty("--fill", fillOf(index));
  mark.style.setProperty("--ink", inkOf(index));
  mark.setAttribute("aria-hidden", "true"); // the name beside it says who
  return mark;
}
