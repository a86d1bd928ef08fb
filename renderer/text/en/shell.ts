export const common = {
  skip: 'Skip to the page',
  close: 'Close',
  cancel: 'Cancel',
  save: 'Save',
  name: 'Name',
  retry: 'Try again',
  or: 'or, in a terminal,',
  loading: 'Loading…',
  dismiss: 'Dismiss',
  notices: 'Notices',
  copied: 'Copied',
  copyCode: (code: string) => `Copy “${code}”`,
  copyFailed: 'The clipboard is not available.',
  copyFailedHint: 'Select the text and copy it by hand.',
  mainNavigation: 'Pages',
  windowTitle: (page: string) => `${page} · Kinora`,
  missing: (path: string) => `There is no page at ${path}.`,
  toRuns: 'Go to the runs',
}

export const pages = { data: 'Data', dataset: 'Dataset', configure: 'Configure', runs: 'Runs', run: 'Run', replay: 'Replay', simulate: 'Simulate', evaluate: 'Evaluate', ablations: 'Ablations', review: 'Review', settings: 'Settings', doctor: 'Doctor', missing: 'Page not found' }

export const connection = {
  open: 'Connected.',
  lost: 'The connection to the host is lost.',
  lostHint: 'The page connects again by itself. If the host was ended, start it with “npm start” and open the address that it prints.',
  retry: 'Connect now',
  engineCrashed: 'The engine ended unexpectedly and is being started again.',
  engineCrashedHint: 'Training runs are processes of their own and are not touched; open replays are predicted anew.',
}

export const status = {
  label: 'Status',
  engine: (state: string) => `engine ${state}`,
  engines: { starting: 'starting', ready: 'ready', crashed: 'crashed', away: 'not connected' },
  idle: 'nothing is running',
  left: (duration: string) => `${duration} left`,
  more: (count: number) => `and ${count} more`,
  memory: (used: string, all: string) => `RAM ${used} of ${all}`,
  disk: (free: string) => `disk ${free} free`,
  commands: 'commands',
  keys: 'keys',
}

export const states = {
  queued: 'queued',
  starting: 'starting',
  running: 'running',
  stalled: 'stalled',
  pausing: 'pausing',
  paused: 'paused',
  finished: 'finished',
  stopped: 'stopped',
  failed: 'failed',
  crashed: 'crashed',
}

/** What a run is at, by the phases of training; others are named as they are. */
export const phases: Readonly<Record<string, string | undefined>> = { load: 'reading episodes', vae: 'training the motion VAE', latents: 'encoding motion images', train: 'training' }

export const tour = {
  title: 'Tour',
  again: 'Show the tour',
  end: 'End the tour',
  start: 'Show me',
  next: 'Next',
  back: 'Back',
  done: 'Done',
  place: (at: number, all: number) => `${at} of ${all}`,
  steps: {
    welcome: { title: 'Welcome to Kinora', body: 'Two minutes through the workbench, on the runs and recordings that are here. Without any, “npm run demo” makes some first.' },
    data: { title: 'Data', body: 'Folders of robot demonstrations, read in place. Open one to play its episodes, with every camera on one clock.' },
    configure: { title: 'Configure', body: 'Choose a preset and a dataset. Switch the motion head off for the run to compare with: everything else stays the same.' },
    runs: { title: 'Runs', body: 'Filter with one line, group the seeds of a configuration, pin a baseline, tick runs to draw them. A run that crashed says so and goes on from its last checkpoint.' },
    curves: { title: 'Curves', body: 'Raw values stay behind the smoothed line. Drag to zoom all charts; arrows move the crosshair. Tags and notes lie in the run’s folder.' },
    replay: { title: 'Replay', body: 'What the motion head imagines beside the true motion, frame by frame. The strip below shows where it is worst.' },
    compare: { title: 'Compare', body: 'Two to six runs: what differs in their configuration, their success with intervals, and the seeds that only one of them solves.' },
    keys: { title: 'Everything by keyboard', body: 'Ctrl K finds any command, run or dataset; the question mark shows all keys; Ctrl Z takes back a deletion.' },
  },
}

export const undo = { undo: 'Undo', undone: (deed: string) => `Taken back: ${deed}` }

export const palette = {
  title: 'Commands',
  description: 'Type to find a command, a run or a dataset. Arrows choose, Enter runs.',
  placeholder: 'Find a command, run or dataset',
  none: 'Nothing matches.',
  run: 'Run',
  dataset: 'Dataset',
  view: 'View',
  tag: 'Tag',
}

export const keys = { title: 'Keys', description: 'Player keys work without a click on the player. Single letters can be switched off in the settings.', space: 'Space', then: 'then' }

export const commands = {
  sections: { global: 'Everywhere', runs: 'Runs', configure: 'Configure', evaluate: 'Evaluate', inspector: 'Episodes', episode: 'Episode', player: 'Player', simulate: 'Simulate', replay: 'Replay' },
  evaluate: { start: 'Start evaluation' },
  global: {
    palette: 'Commands',
    shortcuts: 'Keys',
    filter: 'Filter this page',
    goData: 'Go to data',
    goConfigure: 'Go to configure',
    goRuns: 'Go to runs',
    goReplay: 'Go to replay',
    goSimulate: 'Go to simulate',
    goEvaluate: 'Go to evaluate',
    goAblations: 'Go to ablations',
    goReview: 'Go to review',
    goSettings: 'Go to settings',
    goDoctor: 'Go to the doctor',
    toggleTheme: 'Dark or light theme',
    undo: 'Undo',
  },
  runs: { newRun: 'New run', columns: 'Columns', group: 'Group the seeds, or not', queue: 'Queue', deleteSelected: 'Delete the ticked runs' },
  inspector: { flag: 'Flag the episode', toGrid: 'Back to all episodes' },
  episode: { nextEvent: 'Next outlier of the episode', previousEvent: 'Previous outlier of the episode', motion: 'Motion image', overlay: 'Flow over the camera: none, arrows, colours', loopFrom: 'Loop from here', loopTo: 'Loop to here', clearLoop: 'Let the loop go', copyLink: 'Copy a link to this frame' },
  configure: { start: 'Start the run' },
  player: {
    playPause: 'Play or pause',
    forward: 'Play forward, again faster',
    reverse: 'Play backward, again faster',
    nextFrame: 'Next frame',
    previousFrame: 'Previous frame',
    forwardTen: '10 frames on',
    backTen: '10 frames back',
    forwardSecond: '1 s on',
    backSecond: '1 s back',
    firstFrame: 'First frame',
    lastFrame: 'Last frame',
    previousEpisode: 'Previous episode',
    nextEpisode: 'Next episode',
    faster: 'Faster',
    slower: 'Slower',
    loop: 'Loop',
  },
  simulate: { act: 'Let the policy act, or rest', step: 'One step of the policy', again: 'Begin again' },
  replay: {
    nextPeak: 'Next error peak',
    previousPeak: 'Previous error peak',
    worstFrame: 'Worst frame',
    cycleView: 'Side by side, wipe, overlay, blink',
    quiver: 'Arrows on or off',
    palette: 'Wheel or colour-blind safe colours',
    scale: 'Scale of each image or one for all',
    imagine: 'Imagine the frame step by step',
    lessNoise: 'Next denoising step',
    moreNoise: 'Previous denoising step',
    zoomIn: 'Enlarge',
    zoomOut: 'Reduce',
    zoomReset: 'Whole picture',
    panLeft: 'Move the view left',
    panRight: 'Move the view right',
    panUp: 'Move the view up',
    panDown: 'Move the view down',
    exportMedia: 'Export as film or picture',
  },
}

export const failure = {
  unreachable: 'The host does not answer.',
  unreachableHint: 'It may be restarting; the page tries again by itself.',
  blob: (path: string, status: number) => `${path} answered with status ${status}.`,
  blobHint: 'Try again; if it stays, the log of the host tells more.',
  pictureSize: (path: string, width: number, height: number, bytes: number) => `${path} should be ${width} x ${height} RGBA pixels but has ${bytes} bytes.`,
}
