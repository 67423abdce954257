// biome-ignore-all lint/correctness/noUnusedVariables: the files of this folder are one script
/* Runs inside the page. Fields: what kind they are, what they read, and putting text in where keys do not reach. */

const TYPED = new Set(['text', 'url', 'tel', 'search', 'password', 'number', 'email', '']);

function kindOf(element) {
  if (element.tagName === 'SELECT') return 'select';
  if (element.tagName === 'TEXTAREA') return 'text';
  if (element.tagName === 'INPUT') {
    if (element.type === 'checkbox' || element.type === 'radio') return 'check';
    if (element.type === 'file') return 'file';
    return TYPED.has(element.type) ? 'text' : 'value';
  }
  return element.isContentEditable ? 'editable' : 'none';
}

/** As a person reads it: line ends as \n, an editor's non-breaking spaces as spaces, its closing line break left out. */
function reads(element) {
  switch (kindOf(element)) {
    case 'check':
      return String(element.checked);
    case 'file':
      return [...element.files].map(({ name }) => name).join('\n');
    case 'select':
      return element.multiple ? [...element.selectedOptions].map(({ value }) => value).join('\n') : element.value;
    case 'editable':
      return element.innerText
        .replace(/\u00a0/g, ' ')
        .replace(/\r\n?/g, '\n')
        .replace(/\n$/, '');
    default:
      return String(element.value ?? '').replace(/\r\n?/g, '\n');
  }
}

function selectAll(element) {
  element.focus({ preventScroll: true });
  if (element.isContentEditable) getSelection().selectAllChildren(element);
  else element.select?.();
}

/** The element's own setter, under whatever a framework put over it, and the events a person's edit would send. */
function setNatively(element, value) {
  if (element.isContentEditable) {
    element.textContent = value;
  } else {
    const prototype = Object.getPrototypeOf(element);
    Object.getOwnPropertyDescriptor(prototype, 'value').set.call(element, value);
  }
  element.dispatchEvent(
    new InputEvent('input', { bubbles: true, composed: true, inputType: 'insertText', data: value })
  );
  element.dispatchEvent(new Event('change', { bubbles: true }));
}

/** Makes the field empty and puts the caret in it, as select-all and delete do. */
function emptyField(element) {
  selectAll(element);
  if (reads(element) === '') return;
  document.execCommand('delete');
  if (reads(element) !== '') setNatively(element, '');
  element.focus({ preventScroll: true });
}

/** A file input, which pages hide behind a button of their own: a person never clicks it, so it need not be seen. */
function fileInput(candidates) {
  const tried = [];
  for (const candidate of candidates) {
    const found = query(candidate);
    tried.push({ selector: candidate.label, found: found.length });
    if (found.length !== 1) continue;
    const element = found[0].tagName === 'LABEL' ? (found[0].control ?? found[0]) : found[0];
    if (kindOf(element) !== 'file' || !enabled(element)) continue;
    const { multiple } = element;
    return { element, selector: candidate.label, tried, kind: 'file', type: 'file', value: reads(element), multiple };
  }
  return null;
}

const OPERATIONS_ON_FIELDS = {
  /** The field of a change step, ready and described; emptied when it does not read `unless` already. */
  async field(args) {
    const file = fileInput(args.candidates);
    if (file) return file;
    const found = await ready({ ...args, editable: true });
    if (!found.element) return found;
    const { element } = found;
    const kind = kindOf(element);
    const answer = { ...found, kind, type: element.type ?? '', value: reads(element) };
    if ((kind === 'text' || kind === 'editable') && answer.value !== args.unless) emptyField(element);
    return answer;
  },
  insertText({ element, text }) {
    selectAll(element);
    document.execCommand('insertText', false, text);
  },
  setValue({ element, text }) {
    // The setter knows no limit; what the field would not let a person type is not put in behind its back.
    if (element.maxLength >= 0 && text.length > element.maxLength) return;
    element.focus({ preventScroll: true });
    setNatively(element, text);
  },
  /**
   * Chooses by value, or by what the option says; in a list of several, exactly those of `text`, one a line.
   * `chosen`: whether they are chosen now; else what is, and which options there are.
   */
  selectOption({ element, text }) {
    const options = [...element.options];
    const wanted = element.multiple ? text.split('\n').filter((line) => line !== '') : [text];
    const picked = wanted.map(
      (one) =>
        options.find(({ value }) => value === one) ?? options.find(({ label }) => squeeze(label) === squeeze(one))
    );
    const known = { value: reads(element), options: options.map(({ value }) => value) };
    if (picked.some((option) => !option || option.disabled)) return { chosen: false, ...known };
    const isChosen = () => options.every((option) => option.selected === picked.includes(option));
    if (isChosen()) return { chosen: true };
    for (const option of options)
      if (option.selected !== picked.includes(option)) option.selected = picked.includes(option);
    element.dispatchEvent(new Event('input', { bubbles: true, composed: true }));
    element.dispatchEvent(new Event('change', { bubbles: true }));
    return isChosen() ? { chosen: true } : { chosen: false, value: reads(element), options: known.options };
  },
  emptyFiles({ element }) {
    if (element.files.length > 0) element.value = '';
  },
  readFiles: ({ element }) => ({ value: reads(element) }),
  /** What the field reads two frames later, looked up anew: frameworks put back what they did not take. */
  async readBack({ candidates }) {
    await frame();
    await frame();
    const { element, tried } = choose(candidates);
    return element ? { value: reads(element) } : { value: null, tried };
  }
};
