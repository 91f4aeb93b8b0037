/**
 * Runs in a page: finds text that is cut or that overlaps other text, by the boxes in which the
 * browser has drawn it. `text-layout.ts` evaluates it.
 */
(() => {
  const TOLERANCE = 1.5; // px: glyphs may reach a little out of their line
  const problems = [];
  const clips = (style) => /(hidden|clip|auto|scroll)/.test(`${style.overflowX} ${style.overflowY}`);
  const scrolls = (style) => /(auto|scroll)/.test(`${style.overflowX} ${style.overflowY}`);
  const intersect = (a, b) => ({
    left: Math.max(a.left, b.left),
    right: Math.min(a.right, b.right),
    top: Math.max(a.top, b.top),
    bottom: Math.min(a.bottom, b.bottom),
  });
  const isEmpty = (box) => box.right - box.left < 1 || box.bottom - box.top < 1;
  const name = (element, text) => {
    const classes = [...element.classList].map((one) => `.${one}`).join('');
    return `<${element.localName}${element.id ? `#${element.id}` : classes}> "${text.trim().slice(0, 40)}"`;
  };

  /** Text for screen readers only, and text that is not drawn. */
  const isHidden = (element) => {
    if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) return true;
    for (let node = element; node; node = node.parentElement) {
      const style = getComputedStyle(node);
      const box = node.getBoundingClientRect();
      if (style.clipPath.startsWith('inset(50%') || (clips(style) && box.width <= 1)) return true;
    }
    return false;
  };

  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.textContent.trim() || /^(script|style|noscript|option)$/.test(element.localName)) continue;
    if (isHidden(element)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const own = [...range.getClientRects()].filter((box) => !isEmpty(box));
    if (own.length === 0) continue;
    let layer = null;
    let hasEllipsis = false;
    let visible = own.map((box) => ({ left: box.left, right: box.right, top: box.top, bottom: box.bottom }));
    let isScrolled = false;
    for (let parent = element; parent && parent !== document.documentElement; parent = parent.parentElement) {
      const style = getComputedStyle(parent);
      if (/sticky|fixed/.test(style.position)) layer ??= parent;
      if (style.textOverflow === 'ellipsis' && parent.closest('[title]')) hasEllipsis = true;
      if (!clips(style) || style.display === 'inline') continue;
      const box = parent.getBoundingClientRect();
      if (!scrolls(style) && !isScrolled && !hasEllipsis) {
        for (const { left, right, top, bottom } of visible) {
          const out = Math.max(box.left - left, right - box.right, box.top - top, bottom - box.bottom);
          if (out > TOLERANCE)
            problems.push(`${name(element, node.textContent)} is cut by ${name(parent, '')}`);
        }
      }
      if (scrolls(style)) isScrolled = true;
      visible = visible.map((one) => intersect(one, box)).filter((one) => !isEmpty(one));
    }
    const width = document.documentElement.clientWidth;
    if (!isScrolled && visible.some(({ left, right }) => left < -TOLERANCE || right > width + TOLERANCE))
      problems.push(`${name(element, node.textContent)} reaches out of the page`);
    for (const box of visible) texts.push({ element, text: node.textContent, box, layer });
  }

  for (let one = 0; one < texts.length; one++) {
    for (let other = one + 1; other < texts.length; other++) {
      const [a, b] = [texts[one], texts[other]];
      // What is sticky may cover what is scrolled below it.
      if (a.layer !== b.layer || a.element === b.element) continue;
      const common = intersect(a.box, b.box);
      const overlap = Math.min(common.right - common.left, common.bottom - common.top);
      if (overlap > TOLERANCE)
        problems.push(`${name(a.element, a.text)} overlaps ${name(b.element, b.text)}`);
    }
  }
  if (document.documentElement.scrollWidth > document.documentElement.clientWidth + 1)
    problems.push(`the page is ${document.documentElement.scrollWidth} px wide`);
  return [...new Set(problems)].slice(0, 20);
})();
