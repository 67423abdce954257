// Run by `osascript -l JavaScript`: a line of JSON in, a line of JSON out, until its input ends.
// Needs Accessibility for the terminal, or whatever else started Troupe (System Settings, Privacy & Security).
ObjC.import('AppKit');

const events = Application('System Events');
const MODS = { cmd: 'command down', ctrl: 'control down', alt: 'option down', shift: 'shift down' };

function press({ key, mods }) {
  const using = (mods || []).map((mod) => MODS[mod]);
  if (key.code === undefined) events.keystroke(key.text, { using });
  else events.keyCode(key.code, { using });
}

function copy({ text }) {
  const board = $.NSPasteboard.generalPasteboard;
  board.clearContents;
  if (!board.setStringForType($(text), $.NSPasteboardTypeString)) throw new Error('the pasteboard takes nothing');
}

function processOf(name) {
  const wanted = name.toLowerCase();
  return events.applicationProcesses().find((one) => one.name().toLowerCase() === wanted);
}

const operations = {
  press(request) {
    press(request);
    return {};
  },
  paste(request) {
    copy(request);
    press({ key: { text: 'v' }, mods: ['cmd'] });
    return {};
  },
  /** Shows or hides one that runs; `state` is null when none does. */
  front({ app, toggle }) {
    const found = processOf(app);
    if (!found) return { state: null };
    if (toggle && found.frontmost()) {
      found.visible = false;
      return { state: 'hidden' };
    }
    found.visible = true;
    found.frontmost = true;
    return { state: 'shown' };
  }
};

function answer(line) {
  const request = JSON.parse(line);
  try {
    const operation = operations[request.op];
    if (!operation) throw new Error(`no operation ${request.op}`);
    return { id: request.id, ok: true, ...operation(request) };
  } catch (error) {
    // -1743 and -25211: macOS does not allow it to this program.
    const forbidden = error.errorNumber === -1743 || error.errorNumber === -25211;
    return {
      id: request.id,
      ok: false,
      code: forbidden ? 'not_permitted' : 'internal',
      message: String(error.message)
    };
  }
}

// biome-ignore lint/correctness/noUnusedVariables: osascript calls it
function run() {
  const input = $.NSFileHandle.fileHandleWithStandardInput;
  const output = $.NSFileHandle.fileHandleWithStandardOutput;
  let rest = '';
  for (;;) {
    const data = input.availableData;
    if (data.length === 0) return;
    rest += ObjC.unwrap($.NSString.alloc.initWithDataEncoding(data, $.NSUTF8StringEncoding));
    const lines = rest.split('\n');
    rest = lines.pop();
    for (const line of lines) {
      const text = $(`${JSON.stringify(answer(line))}\n`);
      output.writeData(text.dataUsingEncoding($.NSUTF8StringEncoding));
    }
  }
}
