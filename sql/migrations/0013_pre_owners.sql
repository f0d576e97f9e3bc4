-- Who calls, so that what a process that died was calling for is taken over at once and not when its lease ends.

ALTER TABLE intents ADD process uuid;  -- whose lease it is (processes.id); null: of a release that did not tell
