// What a test reads off a screen. Evaluated in the page; gives {tappable, texts}.
() => {
  const seen = (element) => element.checkVisibility() && element.getClientRects().length > 0;

  // Everything that can be tapped: its box, and how big its own class says it must be.
  const tappable = [...document.querySelectorAll('button, a[href], select, input, textarea, label')]
    .filter(seen)
    .filter((element) => !(element.tagName === 'INPUT' && element.closest('label')))
    .filter((element) => !(element.tagName === 'LABEL' && element.htmlFor))
    .map((element) => {
      const { width, height } = element.getBoundingClientRect();
      const main = element.classList.contains('main') ? 72 : 56;
      return {
        what: (element.innerText || element.ariaLabel || element.tagName).trim().slice(0, 40),
        width,
        height,
        least: element.classList.contains('stop') ? 88 : main,
      };
    });

  const channels = (colour) => {
    const found = colour.match(/[\d.]+/g).map(Number);
    return found.length < 4 ? [...found, 1] : found;
  };
  // Relative luminance, WCAG 2.2.
  const luminance = (colour) => {
    const [red, green, blue] = colour.slice(0, 3).map((value) => value / 255)
      .map((value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = channels(getComputedStyle(at).backgroundColor);
      if (colour[3] > 0) return colour;
    }
    return [255, 255, 255, 1];
  };

  // Every run of letters: its size, line height and contrast.
  const texts = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const silent = ['SCRIPT', 'STYLE', 'NOSCRIPT', 'OPTION'];
  while (walk.nextNode()) {
    const element = walk.currentNode.parentElement;
    const text = walk.currentNode.nodeValue.trim();
    if (text && element.checkVisibility() && !silent.includes(element.tagName)) {
      const style = getComputedStyle(element);
      const size = parseFloat(style.fontSize);
      const pair = [luminance(channels(style.color)), luminance(behind(element))];
      texts.push({
        text: text.slice(0, 60),
        size,
        line: parseFloat(style.lineHeight) / size,
        contrast: (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05),
        upper: style.textTransform,
      });
    }
  }
  return { tappable, texts };
}
