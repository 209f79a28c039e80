throw new Error('this job cannot be loaded');
