CREATE TABLE `agents` (
	`project` text NOT NULL,
	`id` text NOT NULL,
	`kind` text NOT NULL,
	`client_id` text NOT NULL,
	`name` text NOT NULL,
	`host` text,
	`trust` text NOT NULL,
	`disabled` integer DEFAULT false NOT NULL,
	`created_at` integer NOT NULL,
	`last_seen_at` integer,
	PRIMARY KEY(`project`, `id`)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `agents_client` ON `agents` (`project`,`client_id`);--> statement-breakpoint
CREATE TABLE `approvals` (
	`project` text NOT NULL,
	`id` text NOT NULL,
	`gateway` text NOT NULL,
	`session` text NOT NULL,
	`user` text NOT NULL,
	`agent` text NOT NULL,
	`tool` text NOT NULL,
	`arguments_hash` text NOT NULL,
	`sealed_arguments` text NOT NULL,
	`rule` text NOT NULL,
	`approvers` text NOT NULL,
	`status` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`decided_at` integer,
	`decided_by` text,
	`note` text,
	PRIMARY KEY(`project`, `id`)
);
--> statement-breakpoint
CREATE INDEX `approvals_status` ON `approvals` (`project`,`status`,`created_at`);--> statement-breakpoint
CREATE TABLE `checkpoints` (
	`project` text NOT NULL,
	`ledger` text NOT NULL,
	`size` integer NOT NULL,
	`note` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`project`, `ledger`, `size`)
);
--> statement-breakpoint
CREATE TABLE `connections` (
	`project` text NOT NULL,
	`id` text NOT NULL,
	`user` text NOT NULL,
	`provider` text NOT NULL,
	`account` text NOT NULL,
	`label` text NOT NULL,
	`scopes` text NOT NULL,
	`status` text NOT NULL,
	`reason` text,
	`is_default` integer NOT NULL,
	`generation` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`last_used_at` integer,
	PRIMARY KEY(`project`, `id`)
);
--> statement-breakpoint
CREATE INDEX `connections_user` ON `connections` (`project`,`user`,`provider`);--> statement-breakpoint
CREATE TABLE `events` (
	`project` text NOT NULL,
	`ledger` text NOT NULL,
	`sequence` integer NOT NULL,
	`id` text NOT NULL,
	`type` text NOT NULL,
	`at` integer NOT NULL,
	`call` text,
	`gateway` text,
	`user` text,
	`agent` text,
	`session` text,
	`tool` text,
	`decision` text,
	`outcome` text,
	`leaf` text NOT NULL,
	`payload` text,
	PRIMARY KEY(`project`, `ledger`, `sequence`)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `events_id` ON `events` (`project`,`id`);--> statement-breakpoint
CREATE INDEX `events_at` ON `events` (`project`,`at`);--> statement-breakpoint
CREATE INDEX `events_user` ON `events` (`project`,`user`,`at`);--> statement-breakpoint
CREATE INDEX `events_call` ON `events` (`project`,`call`);--> statement-breakpoint
CREATE INDEX `events_tool` ON `events` (`project`,`tool`,`at`);--> statement-breakpoint
CREATE INDEX `events_agent` ON `events` (`project`,`agent`,`at`);--> statement-breakpoint
CREATE INDEX `events_gateway` ON `events` (`project`,`gateway`,`at`);--> statement-breakpoint
CREATE TABLE `gateway_versions` (
	`project` text NOT NULL,
	`gateway` text NOT NULL,
	`version` integer NOT NULL,
	`document` text NOT NULL,
	`document_hash` text NOT NULL,
	`created_at` integer NOT NULL,
	`created_by` text NOT NULL,
	`note` text,
	PRIMARY KEY(`project`, `gateway`, `version`)
);
--> statement-breakpoint
CREATE TABLE `gateways` (
	`project` text NOT NULL,
	`id` text NOT NULL,
	`slug` text NOT NULL,
	`version` integer NOT NULL,
	`enabled` integer NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`project`, `id`)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `gateways_slug` ON `gateways` (`slug`);--> statement-breakpoint
CREATE TABLE `groups` (
	`project` text NOT NULL,
	`id` text NOT NULL,
	`name` text NOT NULL,
	`source` text NOT NULL,
	PRIMARY KEY(`project`, `id`)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `groups_name` ON `groups` (`project`,`source`,`name`);--> statement-breakpoint
CREATE TABLE `identity_providers` (
	`project` text NOT NULL,
	`id` text NOT NULL,
	`issuer` text NOT NULL,
	`client_id` text NOT NULL,
	`sealed_secret` text,
	`settings` text DEFAULT '{}' NOT NULL,
	`active` integer DEFAULT true NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`project`, `id`)
);
--> statement-breakpoint
CREATE TABLE `keys` (
	`project` text NOT NULL,
	`id` text NOT NULL,
	`kind` text NOT NULL,
	`hash` text NOT NULL,
	`prefix` text NOT NULL,
	`name` text NOT NULL,
	`role` text NOT NULL,
	`agent` text,
	`acts_for` text,
	`created_at` integer NOT NULL,
	`created_by` text NOT NULL,
	`expires_at` integer,
	`revoked_at` integer,
	PRIMARY KEY(`project`, `id`)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `keys_hash` ON `keys` (`hash`);--> statement-breakpoint
CREATE TABLE `memberships` (
	`project` text NOT NULL,
	`user` text NOT NULL,
	`group` text NOT NULL,
	`source` text NOT NULL,
	PRIMARY KEY(`project`, `user`, `group`, `source`)
);
--> statement-breakpoint
CREATE INDEX `memberships_group` ON `memberships` (`project`,`group`);--> statement-breakpoint
CREATE TABLE `projects` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`settings` text DEFAULT '{}' NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `providers` (
	`project` text NOT NULL,
	`id` text NOT NULL,
	`spec` text NOT NULL,
	`client_id` text NOT NULL,
	`sealed_secret` text,
	`settings` text DEFAULT '{}' NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`project`, `id`)
);
--> statement-breakpoint
CREATE TABLE `secrets` (
	`project` text NOT NULL,
	`name` text NOT NULL,
	`sealed` text NOT NULL,
	`updated_at` integer NOT NULL,
	`updated_by` text NOT NULL,
	PRIMARY KEY(`project`, `name`)
);
--> statement-breakpoint
CREATE TABLE `sinks` (
	`project` text NOT NULL,
	`id` text NOT NULL,
	`kind` text NOT NULL,
	`settings` text NOT NULL,
	`sealed_secret` text,
	`enabled` integer DEFAULT true NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`project`, `id`)
);
--> statement-breakpoint
CREATE TABLE `tool_pins` (
	`project` text NOT NULL,
	`upstream` text NOT NULL,
	`kind` text NOT NULL,
	`name` text NOT NULL,
	`hash` text NOT NULL,
	`definition` text NOT NULL,
	`behaviour` text,
	`status` text NOT NULL,
	`proposed` text,
	`findings` text DEFAULT '[]' NOT NULL,
	`decided_by` text,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`project`, `upstream`, `kind`, `name`)
);
--> statement-breakpoint
CREATE TABLE `upstreams` (
	`project` text NOT NULL,
	`id` text NOT NULL,
	`url` text NOT NULL,
	`settings` text DEFAULT '{}' NOT NULL,
	`discovered` text,
	`health` text,
	`enabled` integer DEFAULT true NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`project`, `id`)
);
--> statement-breakpoint
CREATE TABLE `users` (
	`project` text NOT NULL,
	`id` text NOT NULL,
	`kind` text NOT NULL,
	`issuer` text NOT NULL,
	`subject` text NOT NULL,
	`name` text NOT NULL,
	`email` text,
	`attributes` text DEFAULT '{}' NOT NULL,
	`manager` text,
	`active` integer DEFAULT true NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`last_seen_at` integer,
	PRIMARY KEY(`project`, `id`)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `users_subject` ON `users` (`project`,`issuer`,`subject`);--> statement-breakpoint
CREATE INDEX `users_email` ON `users` (`project`,`email`);