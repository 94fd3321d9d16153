//! The trait's promises about records and prompts, on every runtime.

use jiff::Timestamp;
use opencode_router::git::Branch;
use opencode_router::session::{Checkout, Email, Memo, SecretName, UserSecrets};
use secrecy::ExposeSecret;

use super::suite::{Place, Stage, spec};

pub async fn edits_made_at_once_are_all_kept(place: &impl Place) {
    let stage = Stage::set(place).await;
    let edits = (0..10).map(|number| {
        let (runtime, id) = (stage.runtime.clone(), stage.id);
        async move {
            let add = &mut |memo: &mut Memo| memo.initial_messages.push(number.to_string());
            runtime.edit(id, add).await.unwrap().unwrap()
        }
    });
    let edited = futures_util::future::join_all(edits).await;
    let last = edited.into_iter().max_by_key(|memo| memo.revision).unwrap();
    assert_eq!((last.initial_messages.len(), last.revision), (10, 10));
    let again = stage.runtime.edit(stage.id, &mut |_| {}).await.unwrap().unwrap();
    assert_eq!(again, last, "what changes nothing is no change");
    stage.end().await;
}

pub async fn each_user_has_secrets_and_edits_made_at_once_are_all_kept(place: &impl Place) {
    let stage = Stage::set(place).await;
    let [ann, bob] = ["ann@example.org", "bob@example.org"].map(|text| Email::parse(text).unwrap());
    let puts = (0..8).map(|number| {
        let (runtime, owner) = (stage.runtime.clone(), if number == 0 { &bob } else { &ann });
        async move {
            let put = &mut |secrets: &mut UserSecrets| {
                let name = SecretName::parse(&format!("KEY_{number}")).unwrap();
                secrets.put(name, format!("value {number}\n").into(), Timestamp::from_second(7).unwrap()).unwrap();
            };
            runtime.edit_user_secrets(owner, put).await.unwrap();
        }
    });
    futures_util::future::join_all(puts).await;
    let of = async |owner: &Email| {
        let mut all = Vec::new();
        let read = &mut |secrets: &mut UserSecrets| {
            all = secrets.iter().map(|(name, secret)| (name.to_string(), secret.clone())).collect();
        };
        stage.runtime.edit_user_secrets(owner, read).await.unwrap();
        all
    };
    let (hers, his) = (of(&ann).await, of(&bob).await);
    assert_eq!((hers.len(), his.len()), (7, 1));
    let (name, secret) = &his[0];
    assert_eq!((name.as_str(), secret.value.expose_secret(), secret.changed_at.as_second()), ("KEY_0", "value 0\n", 7));
    let remove = &mut |secrets: &mut UserSecrets| assert!(secrets.remove(&SecretName::parse("KEY_0").unwrap()));
    stage.runtime.edit_user_secrets(&bob, remove).await.unwrap();
    assert_eq!((of(&ann).await.len(), of(&bob).await.len()), (7, 0));
    stage.end().await;
}

pub async fn prompts_are_kept_and_all_senders_use_one_id(place: &impl Place) {
    let mut stage = Stage::set(place).await;
    let (runtime, id) = (stage.runtime.clone(), stage.id);
    for text in ["one", "two"] {
        runtime.edit_prompts(id, &mut |prompts| assert!(prompts.put(text, 0).is_ok())).await.unwrap();
    }
    stage.ready().await;
    runtime.stop(id).await.unwrap();
    let senders = (0..8).map(|number| {
        let runtime = runtime.clone();
        tokio::spawn(async move {
            let mut next = None;
            runtime.edit_prompts(id, &mut |prompts| next = prompts.next(|| format!("by-{number}"))).await.unwrap();
            next.unwrap()
        })
    });
    let mut next: Vec<_> = futures_util::future::join_all(senders).await.into_iter().map(Result::unwrap).collect();
    next.dedup();
    let [first] = &next[..] else { panic!("they disagree: {next:?}") };
    assert_eq!(first.text, "one");
    runtime.edit_prompts(id, &mut |prompts| prompts.taken(&first.id)).await.unwrap();
    let mut text = None;
    runtime.edit_prompts(id, &mut |prompts| text = prompts.next(String::new).map(|next| next.text)).await.unwrap();
    assert_eq!(text.as_deref(), Some("two"));
    runtime.edit_prompts(spec().id(), &mut |_| panic!("there is no such session")).await.unwrap();
    stage.end().await;
}

pub async fn what_was_checked_out_is_kept(place: &impl Place) {
    let mut stage = Stage::set(place).await;
    let checkout = Checkout { submodules: true, ..Checkout::of(Branch::parse("trunk").unwrap()) };
    stage.runtime.edit(stage.id, &mut |memo| memo.learn_checkout(Some(&checkout))).await.unwrap();
    let sighting = stage.ready().await;
    assert_eq!(sighting.memo.checkout, Some(checkout));
    stage.end().await;
}

pub async fn profile_of_a_session_can_change(place: &impl Place) {
    let mut stage = Stage::set(place).await;
    stage.runtime.edit(stage.id, &mut |memo| memo.profile = Some("default".to_owned())).await.unwrap();
    let sighting = stage.ready().await;
    assert_eq!((sighting.spec.id(), sighting.memo.profile.as_deref()), (stage.id, Some("default")));
    stage.end().await;
}
