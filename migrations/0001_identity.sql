CREATE TABLE `consents` (
	`project` text NOT NULL,
	`user` text NOT NULL,
	`agent` text NOT NULL,
	`gateway` text NOT NULL,
	`redirect_host` text NOT NULL,
	`scopes` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`project`, `user`, `agent`, `gateway`, `redirect_host`)
);
--> statement-breakpoint
CREATE TABLE `grants` (
	`project` text NOT NULL,
	`id` text NOT NULL,
	`user` text NOT NULL,
	`agent` text NOT NULL,
	`gateway` text NOT NULL,
	`created_at` integer NOT NULL,
	`ended_at` integer,
	`ended_reason` text,
	PRIMARY KEY(`project`, `id`)
);
--> statement-breakpoint
CREATE INDEX `grants_user` ON `grants` (`project`,`user`);--> statement-breakpoint
ALTER TABLE `users` ADD `signed_out_at` integer;