//! Tests of profiles files: merging, and what is said about mistakes.

use serde_json::json;

use super::*;
use crate::session::{Email, Groups, Memo, Origin, SessionKey, Spec};

fn base() -> Profile {
    serde_json::from_value(json!({"image": "session:1", "resources": {"limits": {"memory": "2Gi"}}})).unwrap()
}

fn read(text: &str) -> Result<ProfileSet, String> {
    ProfileSet::read(text, &base(), |_| Vec::new()).map_err(|faults| faults.to_string())
}

fn profile(set: &ProfileSet, name: &str) -> serde_json::Value {
    let found = set.all().iter().find(|(known, _)| known == name).unwrap();
    serde_json::to_value(&*found.1).unwrap()
}

#[test]
fn profile_begins_with_the_base_and_its_parents() {
    let set = read(
        "profiles:
  common:
    abstract: true
    title: Common
    podSecurityContext: {runAsUser: 1000, fsGroup: 1000}
    env:
      - {name: A, value: '1'}
      - {name: B, value: '2'}
      - {name: C, valueFrom: {secretKeyRef: {name: s, key: k}}}
    volumes: [{name: cache, emptyDir: {}}]
    tolerations: [{key: a, operator: Exists}]
    nodeSelector: {disk: ssd, zone: a}
  devbox:
    extends: common
    image: devbox:2
    podSecurityContext: {runAsUser: null}
    env:
      - {name: B, value: '3'}
      - {name: C, $patch: delete}
      - {name: A, valueFrom: {secretKeyRef: {name: s, key: a}}}
    volumes: [{name: cache, hostPath: {path: /x}}, {name: more, emptyDir: {}}]
    tolerations: [{key: b, operator: Exists}]
    nodeSelector: {$patch: replace, zone: b}
    resources: {limits: {cpu: '1'}}
",
    )
    .unwrap();
    assert_eq!(
        profile(&set, "devbox"),
        json!({
            "extends": "common",
            "image": "devbox:2",
            "podSecurityContext": {"fsGroup": 1000},
            "env": [
                {"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "a"}}},
                {"name": "B", "value": "3"},
            ],
            "volumes": [{"name": "cache", "hostPath": {"path": "/x"}}, {"name": "more", "emptyDir": {}}],
            "tolerations": [{"key": "b", "operator": "Exists"}],
            "nodeSelector": {"zone": "b"},
            "resources": {"limits": {"cpu": "1", "memory": "2Gi"}},
        })
    );
    assert_eq!(set.all().len(), 1, "an abstract profile is not offered");
}

#[test]
fn mistakes_are_said_with_line_profile_field_and_suggestion() {
    let cases = [
        (
            "profiles:\n  a:\n    imgae: x\n",
            "line 3: profile “a”: imgae: there is no field “imgae”. Did you mean “image”?",
        ),
        (
            "profiles:\n  a:\n    volumes:\n      - {name: a, $patch: delete}\n      - {name: b, $patch: replace, emptyDri: {}}\n",
            "line 5: profile “a”: volumes[1].emptyDri: there is no field “emptyDri”. Did you mean “emptyDir”?",
        ),
        (
            "profiles:\n  a:\n    podSecurityContext:\n      runAsUsr: 1\n",
            "line 4: profile “a”: podSecurityContext.runAsUsr: there is no field “runAsUsr”. Did you mean “runAsUser”?",
        ),
        (
            "profiles:\n  a:\n    containers:\n      prepare:\n        env:\n          - {name: A, vlaue: x}\n",
            "line 6: profile “a”: containers.prepare.env[0].vlaue: there is no field “vlaue”. Did you mean “value”?",
        ),
        (
            "profiles:\n  a:\n    nodeSelector: [x]\n",
            "line 3: profile “a”: nodeSelector: invalid type: sequence, expected a map.",
        ),
        (
            "profiles:\n  a:\n    labels: {enabled: yes}\n",
            "line 3: profile “a”: labels.enabled: invalid type: boolean `true`, expected a string. Write it in quotes.",
        ),
        (
            "profiles:\n  a:\n    imagePullPolicy: Sometimes\n",
            "line 3: profile “a”: imagePullPolicy: unknown variant `Sometimes`, expected one of `Always`, `IfNotPresent`, `Never`.",
        ),
        (
            "profiles:\n  a:\n    extends: b\n  c: {}\n",
            "line 3: profile “a”: extends: there is no profile “b”. There are: a, c.",
        ),
        (
            "profiles:\n  a: {extends: b}\n  b: {extends: a}\n",
            "line 2: profile “a”: extends: it extends itself: a → b → a.",
        ),
        (
            "profiles:\n  a: {storage: {size: 2gb}}\n",
            "line 2: profile “a”: storage.size: expected a quantity such as 500m, 2 or 512Mi.",
        ),
        (
            "profiles:\n  a:\n    labels:\n      opencode-router/session: x\n",
            "line 4: profile “a”: labels.opencode-router/session: the router sets this name itself. Remove it.",
        ),
        (
            "profiles:\n  A: {}\n",
            "line 2: profile “A”: expected a name of at most 63 of a-z, 0-9 and -, as Kubernetes has labels.",
        ),
        ("profiles: {}\n", "expected “profiles:” with at least one profile by name."),
        (
            "profile:\n  a: {}\n",
            "line 1: there is no field “profile”; expected only “profiles”, with the profiles by name below it.",
        ),
        (
            "image: x\nprofiles:\n  a: {}\n",
            "line 1: “image” is a field of a profile. Write it below the name of one: “profiles: NAME: image:”.",
        ),
        ("profiles:\n  a: {image: [\n", "line 2: unclosed bracket '['."),
        ("profiles:\n  a: {image: x}\n  a: {image: y}\n", "line 3: duplicate mapping key: a."),
        ("profiles:\n  a: {abstract: true}\n", "every profile is abstract; sessions need at least one that is not."),
        (
            "profiles:\n  a:\n    credentials: [{secret: s, env: A, file: /x}]\n",
            "line 3: profile “a”: credentials[0]: expected exactly one of env, file and directory.",
        ),
        (
            "profiles:\n  a:\n    credentials: [{secret: s, key: k, file: /x, mode: '0999'}]\n",
            "line 3: profile “a”: credentials[0]: mode “0999”: expected an octal number such as \"0600\".",
        ),
        (
            "profiles:\n  a:\n    idle: {timeoutMinutes: 0}\n",
            "line 3: profile “a”: idle.timeoutMinutes: 0: expected a number of minutes between 0.001 and 527040.",
        ),
        (
            "profiles:\n  a:\n    idle: {maxBusyMinutes: 6e9}\n",
            "line 3: profile “a”: idle.maxBusyMinutes: 6000000000: expected a number of minutes between 0.001 and 527040.",
        ),
        (
            "profiles:\n  a:\n    startTimeoutSeconds: 86401\n",
            "line 3: profile “a”: startTimeoutSeconds: 86401: expected a number of seconds between 1 and 86400.",
        ),
        (
            "profiles:\n  a:\n    clone: {depth: 0}\n",
            "line 3: profile “a”: clone.depth: 0: expected a number of commits from 1 to 1000000. Remove it for the whole \
             history.",
        ),
        (
            "profiles:\n  a:\n    opencode: {files: [{path: ../x, configMap: m, key: k}]}\n",
            "line 3: profile “a”: opencode.files[0].path: “../x”: expected a relative path of at most 200 bytes without . and \
             .. parts, such as agent/review.md.",
        ),
        (
            "profiles:\n  a:\n    opencode: {files: [{path: x, configMap: m, secret: s, key: k}]}\n",
            "line 3: profile “a”: opencode.files[0]: expected exactly one of configMap and secret.",
        ),
        (
            "profiles:\n  a:\n    opencode: {skills: [{git: 'file:///x'}]}\n",
            "line 3: profile “a”: opencode.skills[0].git: “file:///x”: This is not a repository URL: only https, http, ssh and \
             git URLs are accepted.",
        ),
        ("profiles:\n  a: 1\n", "line 2: profile “a”: expected fields such as image: and env:."),
    ];
    for (text, said) in cases {
        assert_eq!(read(text).map(|_| ()).unwrap_err(), said, "{text}");
    }
    for text in ["profiles:\n  a: {}\n  a: {}\n", "profiles:\n  a: [\n", "profiles:\n\t- a\n"] {
        let said = read(text).map(|_| ()).unwrap_err();
        assert!(said.starts_with("line "), "{said}");
    }
}

#[test]
fn parents_have_a_limit() {
    let chain = |length: usize| {
        let links = (1..=length).map(|n| format!("  p{n}: {{extends: p{}}}\n", n - 1));
        format!("profiles:\n  p0: {{}}\n{}", links.collect::<String>())
    };
    assert!(read(&chain(7)).is_ok());
    assert!(read(&chain(8)).unwrap_err().contains("more than 8 parents"));
}

#[test]
fn users_see_their_profiles_and_the_first_is_their_default() {
    let set = read(
        "profiles:
  gpu: {allow: {emails: [Ann@x.org]}}
  team: {allow: {domains: [x.org]}}
  small: {}
",
    )
    .unwrap();
    let names = |user: &str| {
        let user = Email::parse(user).unwrap();
        let user = Chooser { email: &user, groups: &Groups::default() };
        let names: Vec<_> = set.allowed(user).map(|(name, _)| name.clone()).collect();
        (set.of(None, user).unwrap().0.to_owned(), names.join(" "))
    };
    assert_eq!(names("ann@x.org"), ("gpu".to_owned(), "gpu team small".to_owned()));
    assert_eq!(names("bob@x.org"), ("team".to_owned(), "team small".to_owned()));
    assert_eq!(names("eve@y.org"), ("small".to_owned(), "small".to_owned()));
    let eve = Email::parse("eve@y.org").unwrap();
    for name in ["huge", "gpu", "team"] {
        let said = set.of(Some(name), Chooser { email: &eve, groups: &Groups::default() }).unwrap_err().to_string();
        assert_eq!(said, format!("There is no profile “{name}”. There are: small."));
    }
}

#[test]
fn group_allows_a_choice_and_the_choice_keeps_its_groups() {
    let text = |groups: &str| {
        format!("profiles:\n  gpu: {{allow: {{emails: [ann@x.org], groups: [{groups}]}}}}\n  small: {{}}\n")
    };
    let set = read(&text("gpu users, admins")).unwrap();
    let email = |text: &str| Email::parse(text).unwrap();
    let choice = |name, user: &str, groups: &str| {
        let choice = set.choice(name, Chooser { email: &email(user), groups: &Groups::parse(groups) });
        choice.map(|choice| (choice.profile.unwrap_or_default(), choice.groups)).map_err(|error| error.to_string())
    };
    let stored = |name: &str, groups: &str| Ok((name.to_owned(), Groups::parse(groups)));
    assert_eq!(choice(Some("gpu"), "bob@x.org", "staff,gpu users"), stored("gpu", "gpu users"));
    assert_eq!(choice(None, "bob@x.org", "admins"), stored("gpu", "admins"), "a start would not know this default");
    assert_eq!(choice(Some("gpu"), "ann@x.org", "admins"), stored("gpu", ""), "her address suffices");
    assert_eq!(choice(None, "ann@x.org", "admins"), stored("", ""));
    assert_eq!(choice(Some("small"), "bob@x.org", "admins"), stored("small", ""));
    let refused = Err("There is no profile “gpu”. There are: small.".to_owned());
    assert_eq!(choice(Some("gpu"), "bob@x.org", "staff"), refused);

    let now = jiff::Timestamp::UNIX_EPOCH;
    let key = SessionKey { owner: email("bob@x.org"), origin: Origin::new_project() };
    let spec = Spec { key, source_branch: None, created_at: now };
    let memo = |groups: &str| Memo {
        profile: Some("gpu".to_owned()),
        profile_groups: Groups::parse(groups),
        ..Memo::new(now)
    };
    assert!(set.of_session(&spec, &memo("gpu users")).is_ok(), "a start needs no caller");
    assert!(set.of_session(&spec, &memo("")).is_err(), "it was chosen before the profile had groups");
    assert!(read(&text("admins")).unwrap().of_session(&spec, &memo("gpu users")).is_err(), "the group was removed");
}

#[test]
fn schema_has_every_field_and_no_others() {
    let schema = profile_schema();
    let properties = &schema["$defs"]["Profile"]["properties"];
    for field in ["abstract", "extends", "podSecurityContext", "volumeMounts", "pod"] {
        assert!(properties.get(field).is_some(), "{field}");
    }
    assert_eq!(schema["$defs"]["Profile"]["additionalProperties"], json!(false));
}

#[test]
fn directives_of_a_merge_are_checked() {
    let merged = |base, patch| merge(base, patch).map_err(|fault| fault.to_string());
    assert_eq!(
        merged(json!({"a": 1, "b": {"c": 2}}), json!({"a": null, "b": {"d": null}})),
        Ok(json!({"b": {"c": 2}}))
    );
    assert_eq!(merged(json!({}), json!({"a": {"b": null, "c": 1}})), Ok(json!({"a": {"c": 1}})));
    assert_eq!(
        merged(json!({"env": [{"name": "A"}]}), json!({"env": [{"$patch": "replace"}]})),
        Ok(json!({"env": []}))
    );
    assert_eq!(
        merged(
            json!({"ports": [{"containerPort": 1, "name": "a"}]}),
            json!({"ports": [{"containerPort": 1, "name": "b"}]})
        ),
        Ok(json!({"ports": [{"containerPort": 1, "name": "b"}]}))
    );
    assert_eq!(merged(json!({"args": [1, 2]}), json!({"args": [3]})), Ok(json!({"args": [3]})));
    let no_key = merged(json!({}), json!({"spec": {"volumes": [{"emptyDir": {}}]}}));
    assert_eq!(no_key, Err("spec.volumes: each item needs the field “name”, because the list merges by it".to_owned()));
    let directive = merged(json!({}), json!({"spec": {"$patch": "retain"}}));
    assert_eq!(directive, Err("spec: $patch is “replace”, “merge” or “delete”".to_owned()));
}
