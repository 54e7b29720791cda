// Nobody is signed in on this page: what others may not read goes from this device's screen.

async function forget() {
  const registration = await navigator.serviceWorker.getRegistration();
  for (const shown of (await registration?.getNotifications?.()) ?? []) shown.close();
}

if (navigator.serviceWorker) {
  navigator.clearAppBadge?.()?.catch(() => {});
  forget();
}
