DROP INDEX `events_at`;--> statement-breakpoint
DROP INDEX `events_user`;--> statement-breakpoint
DROP INDEX `events_tool`;--> statement-breakpoint
DROP INDEX `events_agent`;--> statement-breakpoint
DROP INDEX `events_gateway`;--> statement-breakpoint
CREATE INDEX `events_type` ON `events` (`project`,`type`,`at`,`sequence`) WHERE substr(type, 1, 5) <> 'tool.';--> statement-breakpoint
CREATE INDEX `events_decision` ON `events` (`project`,`decision`,`at`,`sequence`) WHERE decision <> 'permit';--> statement-breakpoint
CREATE INDEX `events_outcome` ON `events` (`project`,`outcome`,`at`,`sequence`) WHERE outcome <> 'done';--> statement-breakpoint
CREATE INDEX `events_at` ON `events` (`project`,`at`,`sequence`);--> statement-breakpoint
CREATE INDEX `events_user` ON `events` (`project`,`user`,`at`,`sequence`);--> statement-breakpoint
CREATE INDEX `events_tool` ON `events` (`project`,`tool`,`at`,`sequence`);--> statement-breakpoint
CREATE INDEX `events_agent` ON `events` (`project`,`agent`,`at`,`sequence`);--> statement-breakpoint
CREATE INDEX `events_gateway` ON `events` (`project`,`gateway`,`at`,`sequence`);