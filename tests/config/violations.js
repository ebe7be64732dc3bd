// What axe finds wrong on this page. `settled` are the styles of text that need not be judged: axe has judged one, here
// or on an earlier page, and found it right or of a kind that it cannot tell, as over a picture.
//
// Contrast took more than half of axe's time, two milliseconds for each text, and pages are made of the same few parts.
// It depends on what `styleOf` says: the colour, size and weight of the text and whatever is painted behind it.
async settled => {
  const behind = new Map([[null, ""]]);
  const painted = element => {
    if (!behind.has(element)) {
      const style = getComputedStyle(element);
      const own = [style.backgroundColor, style.backgroundImage, style.opacity, style.mixBlendMode, style.filter].join();
      const nothing = own === "rgba(0, 0, 0, 0),none,1,normal,none";
      behind.set(element, painted(element.parentElement) + (nothing ? "" : "/" + own));
    }
    return behind.get(element);
  };
  const styleOf = element => {
    const style = getComputedStyle(element);
    const text = [style.color, style.fontSize, style.fontWeight, style.textShadow, style.webkitTextStroke];
    return [...text, element.matches(":disabled, :disabled *"), painted(element)].join("|");
  };
  const field = "textarea, select, input:not([type=checkbox], [type=radio], [type=file], [type=hidden])";
  const isRead = element => {
    const { width, height, right, bottom } = element.getBoundingClientRect();
    const text = [...element.childNodes].filter(node => node.nodeType === Node.TEXT_NODE).map(node => node.data);
    return (
      /[\p{L}\p{N}]/u.test([...text, element.matches(field) ? element.value : ""].join("")) &&
      !element.matches(".material-symbols-outlined") && // pictures, though written as words
      element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) &&
      Math.min(width, height) > 1 &&
      Math.min(right, bottom) > 0
    );
  };

  const samples = new Map();
  for (const element of document.body.querySelectorAll("*")) {
    const style = isRead(element) && styleOf(element);
    if (style && !settled.includes(style) && !samples.has(style)) samples.set(style, element);
  }
  const whole = await axe.run({ resultTypes: ["violations"], rules: { "color-contrast": { enabled: false } } });
  const contrast = samples.size
    ? await axe.run({ include: [...samples.values()] }, { runOnly: ["color-contrast"], elementRef: true })
    : { violations: [], passes: [], incomplete: [] };
  const nodes = rules => rules.flatMap(rule => rule.nodes);
  const covered = node => node.any.some(check => check.data?.messageKey?.startsWith("elmPartiallyObscur"));
  const judged = [...nodes(contrast.passes), ...nodes(contrast.incomplete)].filter(node => !covered(node));
  return {
    found: [...whole.violations, ...contrast.violations].map(rule => [rule.id, rule.nodes.map(node => node.target)]),
    settled: judged.map(node => styleOf(node.element)),
  };
}
