//! How many requests an app answers at one time, how many wait, and for how long.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::{Error, Kind};
use crate::limits::Limits;

/// The app's places.
#[derive(Debug)]
pub(crate) struct Admission {
    /// A permit for each request that may run.
    running: Arc<Semaphore>,
    /// How many that are at most.
    places: usize,
    /// Requests that wait for a permit.
    waiting: AtomicUsize,
    queue: usize,
    queue_wait: Duration,
}

/// A request's place. Dropping it lets the next one in.
pub(crate) type Permit = OwnedSemaphorePermit;

impl Admission {
    pub(crate) fn new(limits: &Limits) -> Self {
        let places = limits.concurrency.min(Semaphore::MAX_PERMITS);
        Self {
            running: Arc::new(Semaphore::new(places)),
            places,
            waiting: AtomicUsize::new(0),
            queue: limits.queue,
            queue_wait: limits.queue_wait,
        }
    }

    /// Requests that have a place.
    pub(crate) fn running(&self) -> usize {
        self.places.saturating_sub(self.running.available_permits())
    }

    /// Takes a place, or waits in the queue for one.
    pub(crate) async fn admit(&self) -> Result<Permit, Error> {
        // Limit: Limits::concurrency
        if let Ok(permit) = Arc::clone(&self.running).try_acquire_owned() {
            return Ok(permit);
        }
        let _place = self.wait_in_queue()?;
        let permit = Arc::clone(&self.running).acquire_owned();
        // Limit: Limits::queue_wait
        match tokio::time::timeout(self.queue_wait, permit).await {
            Ok(permit) => Ok(permit.expect("the semaphore is never closed")),
            Err(_) => Err(Error::new(
                Kind::Overloaded,
                format!(
                    "it waited {:?} for a place, as long as it may",
                    self.queue_wait
                ),
            )),
        }
    }

    fn wait_in_queue(&self) -> Result<Place<'_>, Error> {
        let place = Place {
            waiting: &self.waiting,
        };
        // Limit: Limits::queue
        if self.waiting.fetch_add(1, Ordering::Relaxed) < self.queue {
            return Ok(place);
        }
        Err(Error::new(
            Kind::Overloaded,
            format!(
                "the app runs all the requests that it may, and {} wait",
                self.queue
            ),
        ))
    }
}

/// A place in the queue.
struct Place<'a> {
    waiting: &'a AtomicUsize,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admission(concurrency: usize, queue: usize) -> Admission {
        Admission::new(&Limits {
            concurrency,
            queue,
            queue_wait: Duration::from_millis(1),
            ..Limits::DEFAULT
        })
    }

    #[tokio::test]
    async fn refuses_what_does_not_fit_and_admits_again_after() {
        let admission = admission(1, 0);
        let permit = admission.admit().await.unwrap();
        assert_eq!(
            admission.admit().await.unwrap_err().kind(),
            Kind::Overloaded
        );
        drop(permit);
        drop(admission.admit().await.unwrap());
        assert_eq!(admission.waiting.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn ends_the_wait_of_a_queued_request() {
        let admission = admission(1, 1);
        let _permit = admission.admit().await.unwrap();
        let error = admission.admit().await.unwrap_err();
        assert!(error.to_string().contains("waited"), "{error}");
        assert_eq!(admission.waiting.load(Ordering::Relaxed), 0);
    }
}
