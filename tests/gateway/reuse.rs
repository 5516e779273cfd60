//! Instances that serve several requests: when one is waited for, and when all are made anew.

use std::time::Duration;

use tokio::time::Instant;
use wasgi_gateway::{Isolation, Reuse};

use crate::support::*;

fn reuse(patience: Duration) -> Isolation {
    Isolation::Reuse(Reuse {
        patience,
        ..Reuse::DEFAULT
    })
}

#[tokio::test]
async fn a_busy_instance_is_waited_for_as_long_as_there_is_patience() {
    const PATIENCE: Duration = Duration::from_millis(100);
    let app = app("count", reuse(PATIENCE));
    assert!(app.is_vacant());
    assert_eq!(get(&app, "/").await.unwrap().body, "1");
    assert!(!app.is_vacant());
    // Nobody else is busy: there is nothing to wait for.
    let began = Instant::now();
    assert_eq!(get(&app, "/").await.unwrap().body, "2");
    assert!(began.elapsed() < PATIENCE);
    let answer = async {
        let began = Instant::now();
        let body = get(&app, "/").await.unwrap().body;
        (body, began.elapsed() >= PATIENCE)
    };
    tokio::select! {
        biased;
        _ = get(&app, "/?then=sleep") => unreachable!("it sleeps for an hour"),
        answer = answer => assert_eq!(answer, ("1".to_owned(), true)),
    }
}

#[tokio::test]
async fn a_renewed_app_begins_with_new_instances_and_the_old_one_goes_on() {
    let inner = app("count", reuse(Duration::ZERO));
    let outer = pass(reuse(Duration::ZERO), inner.clone());
    assert_eq!(get(&outer, "/").await.unwrap().body, "1");
    let new = outer.renewed(Some(inner.renewed(None)));
    assert!(new.is_vacant());
    assert_eq!(get(&new, "/").await.unwrap().body, "1");
    assert_eq!(get(&outer, "/").await.unwrap().body, "2");
    assert_eq!(get(&new, "/").await.unwrap().body, "2");
}
