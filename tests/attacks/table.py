"""The threat model as one list: who tries what, what stops it, and the tests that try it; docs/security.md has it.

A test is named as ``module.function``, without the ``test_`` of either.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Who = Literal["stranger", "init.sh", "directory", "tag", "registry", "index", "guest"]


class Party(NamedTuple):
    """Somebody who is not trusted: as the page calls them, and all that they can touch."""

    title: str
    touches: str


class Attack(NamedTuple):
    """One row; ``tests`` are all that try it."""

    who: Who
    attack: str
    stopped_by: str
    tests: tuple[str, ...]


PARTIES: dict[Who, Party] = {
    "stranger": Party(
        "A stranger who writes an issue or a comment",
        "The title and the text of an issue, comments, and edits of both at any time.",
    ),
    "init.sh": Party(
        "Who writes the init.sh of a pull request",
        "Whatever a shell can do on the machine of a build, for an hour.",
    ),
    "directory": Party(
        "Who writes the rest of a build directory",
        "Charts, manifests, build files, scripts, archives, `image.yaml`, and the names of files; with an `init.sh` "
        "also pipes and whatever else git does not carry.",
    ),
    "tag": Party(
        "Who can write a tag, or what passes between the jobs",
        "What a tag and an index name, and the folder that a publication finds; never the code that reads it.",
    ),
    "registry": Party(
        "A registry, or a token server",
        "Every byte and every pause of every answer, where the next request goes, and where it wants a login.",
    ),
    "index": Party(
        "A package index",
        "Which files it serves of a package that is locked, and under which names.",
    ),
    "guest": Party(
        "A guest of the same machine",
        "Its processes and files, directories that are open to everybody, and how much is left of disk, memory and "
        "threads.",
    ),
}

ATTACKS = [
    Attack(
        "stranger",
        "edits a text after a maintainer has seen it",
        "a label lets pass what a list of ours shows at that moment, by digest, of the issue and of every comment",
        (
            "asking.a_text_edited_in_below_a_listed_comment",
            "asking.a_body_edited_just_before_the_label",
            "asking.a_body_edited_after_a_first_build",
            "asking.half_of_an_edited_comment",
            "asking.a_list_that_came_after_the_label",
            "asking.a_second_attempt_of_the_run_that_wrote_the_list",
        ),
    ),
    Attack(
        "stranger",
        "asks for the same image in a worse way than the list shows",
        "the digest covers arguments, dry run and force",
        (
            "asking.the_same_image_asked_for_in_a_worse_way_behind_the_list",
            "asking.a_dry_run_edited_away",
            "asking.a_dry_run_repeated_as_a_build",
        ),
    ),
    Attack(
        "stranger",
        "replaces a published image with `--force`",
        "the role of who wrote it counts, not of who sets the label; the list shows it with its reason",
        (
            "asking.force_edited_in_after_the_list",
            "asking.force_asked_for_by_a_stranger_is_never_listed",
            "asking.force_of_someone_who_may_is_shown_with_its_reason",
        ),
    ),
    Attack(
        "stranger",
        "is let pass by a weaker role than the settings ask for",
        "the role of who sets the label is compared with `min_permission`",
        ("asking.the_label_of_a_weaker_role_than_the_settings_ask_for",),
    ),
    Attack(
        "stranger",
        "writes a command that GitHub does not show",
        "text is read as GitHub's renderer reads it; what is not shown is no command",
        ("asking.a_line_that_nobody_can_see",),
    ),
    Attack(
        "stranger",
        "repeats a request without end, or in a closed issue",
        "after a success, or three attempts, the role `write` is asked for; in a closed issue, `min_permission`",
        (
            "asking.repeats_after_a_success_build_nothing",
            "asking.repeats_of_failures_end",
            "asking.repeats_in_a_closed_issue_build_nothing",
        ),
    ),
    Attack(
        "stranger",
        "chooses the builder's frontend or proxy by a build argument",
        "those names are refused",
        ("asking.an_argument_that_steers_the_builder",),
    ),
    Attack(
        "init.sh",
        "plants a program that a later step runs, or changes the machine",
        "the machine is read-only to it; tools are found before it runs, and what others may replace is copied",
        (
            "init_script.it_writes_below_its_context_its_home_and_tmp_and_nowhere_else",
            "init_script.a_program_planted_on_path_is_not_run_afterwards",
            "init_script.a_program_that_everybody_may_replace_is_copied_before_anybody_can",
            "init_script.a_program_of_somebody_else_or_open_to_all_is_not_found",
        ),
    ),
    Attack(
        "init.sh",
        "reads a token from another process, a socket or a home directory",
        "a process namespace of its own; `/run` and the home are empty; the job names no secret",
        (
            "init_script.it_sees_no_process_and_no_environment_of_others",
            "init_script.the_sockets_of_services_and_the_home_of_the_builder_are_not_there",
        ),
    ),
    Attack(
        "init.sh",
        "becomes another user, or root",
        "a user of its own without rights; nothing gives new ones",
        (
            "init_script.it_becomes_nobody_else",
            "init_script.on_a_runner_with_sudo_it_is_a_user_of_its_own_though_user_namespaces_are_restricted",
        ),
    ),
    Attack(
        "init.sh",
        "runs on a machine where it cannot be isolated",
        "a workflow refuses, unless `allow_unboxed_init` is set",
        ("init_script.without_a_box_a_runner_of_github_refuses_and_a_setting_allows_it",),
    ),
    Attack(
        "init.sh",
        "outlives its build",
        "it dies with what started it, and its folder is removed on SIGTERM, SIGINT and SIGHUP",
        (
            "init_script.no_signal_leaves_it_running_or_a_folder_behind",
            "init_script.when_the_build_is_killed_it_ends_too",
            "init_script.1500_nested_folders_are_given_back_and_removed",
        ),
    ),
    Attack(
        "init.sh",
        "fills the memory with output",
        "only the last lines are kept",
        ("init_script.output_without_line_ends_takes_no_memory",),
    ),
    Attack(
        "init.sh",
        "goes on after a program that it cannot have, and leaves half an image",
        "programs in its place fail, and fail the build",
        ("init_script.a_program_that_no_box_has_fails_the_build_though_the_script_goes_on",),
    ),
    Attack(
        "directory",
        "leads the build out of the directory by a link or an option",
        "every read of it stays below it, as if it were the root of the machine",
        (
            "context.a_link_out_of_the_context_is_followed_nowhere",
            "context.an_option_reads_no_file_of_the_machine",
            "context.a_chart_with_a_link_out_or_a_pipe_in_it_is_refused",
            "context.a_hint_of_copy_lists_nothing_outside",
            "registry_directory.nothing_in_the_place_of_a_file_is_waited_for_or_followed",
        ),
    ),
    Attack(
        "directory",
        "holds the build with a pipe",
        "only regular files are opened",
        (
            "context.a_pipe_is_read_nowhere",
            "context.a_pipe_where_the_build_reads_is_refused_after_init",
        ),
    ),
    Attack(
        "directory",
        "gives a file a name that a runner's log obeys (`::add-mask::`, `##[error]`)",
        "everything is said through one console, which makes it harmless; JSON stays exact",
        (
            "log.the_tables_of_what_is_inside",
            "log.scan",
            "log.parse_and_simulate",
            "log.plan_report_and_publish",
            "log.the_generator",
        ),
    ),
    Attack(
        "directory",
        "has names that no log, comment or file system carries",
        "such a name ends in a message",
        ("context.a_name_that_is_not_text_ends_in_a_message", "context.a_word_longer_than_any_path_is_no_file"),
    ),
    Attack(
        "directory",
        "takes time or memory without measure by patterns and variables",
        "patterns are matched without backtracking; values have a limit of length and depth",
        (
            "context.many_wildcards_take_no_time",
            "context.variables_that_double_and_variables_inside_each_other_end_in_a_message",
        ),
    ),
    Attack(
        "directory",
        "has a chart that takes time or memory without measure, or reads our environment",
        "each rendering is a process with limits and no secret in its environment",
        (
            "charts.a_template_without_measure_ends_in_a_message_and_another_still_renders",
            "charts.the_sdk_never_runs_where_our_secrets_are",
        ),
    ),
    Attack(
        "directory",
        "has a RUN that looks at other builds of the machine, or fills the memory with output",
        "as root, buildah runs in a process namespace of its own; only the last lines are kept",
        ("builders.a_run_sees_no_process_of_another_build", "builders.output_of_a_builder_takes_no_memory"),
    ),
    Attack(
        "tag",
        "hands over an image of another application, version or run",
        "a layout says for what it was built, beside its name, where no build file writes; another one is refused",
        (
            "publication.a_layout_of_another_target_is_refused",
            "publication.a_layout_of_an_earlier_run_is_refused",
            "publication.an_only_artifact_is_known_by_what_is_inside",
        ),
    ),
    Attack(
        "tag",
        "commits a folder that stands in for an artifact",
        "artifacts are fetched outside of the checkout",
        ("publication.files_of_the_repository_stand_in_for_no_artifact",),
    ),
    Attack(
        "tag",
        "hands over a layout that lies, or is no layout",
        "everything is checked against digests and sizes before anything is sent",
        ("publication.a_hostile_layout_publishes_nothing_and_is_told",),
    ),
    Attack(
        "tag",
        "plants an image that bears the content id of ours",
        "an id under a tag alone is not believed; what this run did not build is never attested",
        (
            "publication.a_planted_content_id_does_not_keep_an_image",
            "publication.an_image_that_this_run_did_not_make_is_never_attested",
        ),
    ),
    Attack(
        "tag",
        "lets an older run replace what a later one published",
        "the commits are compared, before and after",
        (
            "publication.a_run_that_began_before_a_merge_does_not_replace_what_came_after",
            "publication.a_request_that_meets_the_publication_of_a_merge_is_told_so",
        ),
    ),
    Attack(
        "registry",
        "sends without end, slowly, or what nobody can read",
        "a limit of time and of bytes for each answer; what cannot be read is one message",
        (
            "registry.a_pull_ends_in_a_message_soon_and_in_little_memory",
            "registry.the_body_of_a_redirect_holds_nobody",
            "registry.a_challenge_of_sixty_thousand_letters_is_read_at_once",
            "registry.a_list_of_tags_is_read_as_far_as_it_is_one",
        ),
    ),
    Attack(
        "registry",
        "sends other bytes than its digests say",
        "every byte is hashed before it counts; a digest is sha256 of what was read",
        (
            "registry.a_pull_ends_in_a_message_soon_and_in_little_memory",
            "registry.a_tag_that_goes_by_sha512_is_known_by_its_sha256",
            "registry.what_is_under_a_tag_bears_a_content_id_or_none",
        ),
    ),
    Attack(
        "registry",
        "gets a login that is not its own, or one printed",
        "a login goes to its registry and to the token server that this names, and is in no message",
        (
            "registry.a_login_is_shown_to_its_own_registry_only",
            "registry.an_upload_goes_nowhere_else_and_takes_no_login_there",
        ),
    ),
    Attack(
        "registry",
        "sends us into our own network for a token",
        "a token server at a private address is asked for registries at private addresses only",
        ("registry.a_registry_of_the_internet_sends_nobody_into_a_private_network",),
    ),
    Attack(
        "index",
        "withholds a wheel, so that an archive runs its own build",
        "only wheels are installed",
        (
            "installation.a_withheld_wheel_lets_no_source_archive_run",
            "installation.the_makefile_s_environment_is_made_in_the_same_way",
        ),
    ),
    Attack(
        "index",
        "serves other bytes, or another version",
        "every file is locked by hash, and what is installed already counts in the locked version only",
        (
            "installation.a_wheel_of_another_hash_is_refused",
            "installation.another_version_than_the_locked_one_does_not_do",
        ),
    ),
    Attack(
        "index",
        "is told a credential, or speaks to the runner",
        "an installer gets the few variables that it needs; what it prints is no command",
        (
            "installation.no_credential_and_no_file_of_settings_reaches_an_installer",
            "installation.what_an_installer_prints_is_no_command_to_the_runner",
        ),
    ),
    Attack(
        "index",
        "does not answer",
        "one message",
        ("installation.an_index_that_cannot_be_reached_is_one_message",),
    ),
    Attack(
        "guest",
        "is an init.sh beside another, and changes its image",
        "as root, each run is a user of its own, to whom the folder of no other belongs",
        ("init_script.two_runs_are_two_users_that_cannot_touch_each_other",),
    ),
    Attack(
        "guest",
        "swaps a folder for a link while root hands it over",
        "owners are changed by descriptor; no link is followed",
        ("init_script.a_folder_swapped_for_a_link_while_owners_change_gives_nothing_away",),
    ),
    Attack(
        "guest",
        "leaves no disk, memory, descriptors or threads",
        "one message, and nothing half-written",
        ("full_disk.it_is_one_message", "full_disk.what_the_machine_refuses_is_no_defect"),
    ),
]


def source_of(test: str) -> tuple[str, str]:
    """The file of a named test, from the root of the repository, and its function."""
    module, _, function = test.partition(".")
    return f"tests/attacks/test_{module}.py", f"test_{function}"


def rendered() -> str:
    """A section for each party: what they can touch, and what they try."""
    return "\n".join(line for who in PARTIES for line in _section(who))


def _section(who: Who) -> list[str]:
    party = PARTIES[who]
    rows = [f"| {row.attack} | {row.stopped_by} | {_links(row.tests)} |" for row in ATTACKS if row.who == who]
    head = "| attack | what stops it | tests |"
    return [f"### {party.title}", "", f"Can touch: {party.touches}", "", head, "|---|---|---|", *rows, ""]


def _links(tests: tuple[str, ...]) -> str:
    links = []
    for test in tests:
        path, function = source_of(test)
        links.append(f"[{function.removeprefix('test_').replace('_', ' ')}](../{path})")
    return "; ".join(links)
