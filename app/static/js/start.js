// Every page of somebody who is signed in begins here: each subject is made ready in its turn, and from then on hears what
// it waits for in that order. htmx stands after this, so that nothing it does is unheard.

import * as attachSending from "./attach/sending.js";
import * as tray from "./attach/tray.js";
import * as badge from "./badge.js";
import * as composer from "./composer.js";
import * as contacts from "./contacts.js";
import * as conversation from "./conversation.js";
import * as device from "./device.js";
import * as drafts from "./drafts.js";
import * as history from "./history.js";
import * as pictures from "./media/pictures.js";
import * as player from "./media/player.js";
import * as notDone from "./not-done.js";
import * as outboxSending from "./outbox/sending.js";
import * as unsent from "./outbox/unsent.js";
import * as panel from "./panel.js";
import * as pieces from "./pieces.js";
import * as poll from "./poll.js";
import * as presence from "./presence.js";
import * as session from "./session.js";
import * as templates from "./templates.js";
import * as thread from "./thread.js";

const subjects = [
  ...[presence, pieces, poll, badge, panel, conversation, composer, thread, history, session, drafts],
  ...[outboxSending, unsent, notDone, player, pictures, contacts, templates, tray, attachSending, device],
];

for (const { init } of subjects) init();
