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

const OPERATIONS_ON_FIELDS = {
  /** The field of a change step, ready and described; emptied when it does not read `unless` already. */
  async field(args) {
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
  /** Chooses by value, or by what the option says. Answers what is chosen then. */
  selectOption({ element, text }) {
    const options = [...element.options];
    const option =
      options.find((one) => one.value === text) ?? options.find((one) => squeeze(one.label) === squeeze(text));
    if (!option) return { value: element.value, options: options.map((one) => one.value) };
    if (!option.selected) {
      option.selected = true;
      element.dispatchEvent(new Event('input', { bubbles: true, composed: true }));
      element.dispatchEvent(new Event('change', { bubbles: true }));
    }
    return { value: option.selected ? text : element.value, options: [] };
  },
  /** What the field reads two frames later, looked up anew: frameworks put back what they did not take. */
  async readBack({ candidates }) {
    await frame();
    await frame();
    const { element, tried } = choose(candidates);
    return element ? { value: reads(element) } : { value: null, tried };
  }
};
